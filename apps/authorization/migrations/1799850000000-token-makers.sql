-- Who made an admin token, who made that one, and so on; null where it is not known: of those made before this was kept, and of those that a
-- service key made. Whoever made a token has seen it, so the two are one person under the four-eyes rule.
ALTER TABLE admin_token ADD COLUMN makers text[];

UPDATE admin_token SET makers = ARRAY['installation'] WHERE created_by = 'installation' AND name = 'initial';
