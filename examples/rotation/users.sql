create role app;                             -- has the rights, and owns what the users create
grant usage, create on schema public to app;

create role app_a login password 'fake-first' in role app; -- the first user, whose login is in the store
alter role app_a set role = 'app';                         -- its sessions begin as app

create role rotator login createrole password 'fake-rotator';
grant app, app_a to rotator with admin option;
