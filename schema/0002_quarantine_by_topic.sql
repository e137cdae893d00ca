-- What is refused may be something else than a room: the kind of the topic is part of
-- the key. group_id is the topic's id, and a room's as before. Column and key come with
-- one statement: where the column is there, the key is.

ALTER TABLE sync_quarantine
  ADD COLUMN topic_kind TINYINT UNSIGNED NOT NULL DEFAULT 1 COMMENT '1 room' AFTER ent_id,
  DROP PRIMARY KEY,
  ADD PRIMARY KEY (broker_id, part, ent_id, topic_kind, group_id);
