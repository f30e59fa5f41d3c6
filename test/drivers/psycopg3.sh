#!/usr/bin/env bash
# psycopg3.sh - run tells all.
exec bash "${0%/*}/run" psycopg3
