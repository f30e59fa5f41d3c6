#!/usr/bin/env bash
# postgres.js.sh - run tells all.
exec bash "${0%/*}/run" postgres.js
