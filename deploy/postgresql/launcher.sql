-- What the launcher needs of the database, and nothing else: neither credentials nor suites nor
-- people can be read by it, and nothing but results of self-tests be written.
--
--     createuser --pwprompt assay_launcher
--     psql --dbname=assay --file=deploy/postgresql/launcher.sql
--
-- Again after each `assay db upgrade`; it changes nothing that is there already.
GRANT SELECT ON alembic_version, runs, protocols, documents, statements, organisation_keys,
    selftests TO assay_launcher;
GRANT INSERT, UPDATE ON selftests TO assay_launcher;
GRANT INSERT, SELECT (id) ON audit TO assay_launcher;
GRANT USAGE ON SEQUENCE audit_id_seq TO assay_launcher;
