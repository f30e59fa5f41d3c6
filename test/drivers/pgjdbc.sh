#!/usr/bin/env bash
# pgjdbc.sh - run tells all.
exec bash "${0%/*}/run" pgjdbc
