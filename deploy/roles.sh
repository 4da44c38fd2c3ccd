#!/bin/sh
# Run once by the image of PostgreSQL, in a new cluster: who owns the database, and who serves from it.
set -eu
psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --username="$POSTGRES_USER" --dbname=postgres \
    --set=owner_password="$(cat /run/secrets/owner_password)" \
    --set=server_password="$(cat /run/secrets/server_password)" <<'SQL'
create role dues login password :'owner_password';
create role dues_server login password :'server_password';
create database dues owner dues;
revoke connect, temporary on database dues from public;
grant connect on database dues to dues_server;
SQL
