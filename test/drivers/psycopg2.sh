#!/usr/bin/env bash
# psycopg2.sh - run tells all.
exec bash "${0%/*}/run" psycopg2
