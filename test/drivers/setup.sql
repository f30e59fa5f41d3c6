-- setup.sql - what the drivers' tests find in their database.

create type mood as enum ('sad', 'ok', 'happy');
create type pair as (a int, b text);

-- A schema for each session, to be found by its search_path.
do $$
begin
	for i in 0..19 loop
		execute format('create schema s%s', i);
		execute format('create table s%s.whoami as select %s as id', i, i);
	end loop;
end
$$;
