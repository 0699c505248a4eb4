-- The schemas of Sluice's services with all that is in them: those whose owner is no superuser. Before a backup is put back.
DO $$
DECLARE
  schema text;
BEGIN
  FOR schema IN
    SELECT nspname FROM pg_namespace JOIN pg_roles ON pg_roles.oid = nspowner
    WHERE NOT rolsuper AND nspname <> 'public' AND nspname NOT LIKE 'pg\_%'
  LOOP
    EXECUTE format('DROP SCHEMA %I CASCADE', schema);
  END LOOP;
END $$;
