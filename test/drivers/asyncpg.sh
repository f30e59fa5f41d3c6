#!/usr/bin/env bash
# asyncpg.sh - run tells all.
exec bash "${0%/*}/run" asyncpg
