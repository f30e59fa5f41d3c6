#!/usr/bin/env bash
# node-postgres.sh - run tells all.
exec bash "${0%/*}/run" node-postgres
