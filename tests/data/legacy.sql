-- The tables of a chat product before Parlor, with what such tables come to hold
-- over the years. tests/e2e/test_adopt.py says what becomes of each row.

SET SESSION sql_mode = '';

CREATE TABLE chat_group (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  ent_id VARCHAR(500), uuid VARCHAR(500), group_name VARCHAR(500), member_id VARCHAR(500),
  member_type INT, unread INT, created_at DATETIME NULL
) DEFAULT CHARSET=utf8mb4;

CREATE TABLE group_member (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  ent_id VARCHAR(500), group_id VARCHAR(500), member_id VARCHAR(500), member_name VARCHAR(500),
  member_avatar VARCHAR(2000), member_type INT, created_at TIMESTAMP NULL
) DEFAULT CHARSET=utf8mb4;

CREATE TABLE group_message (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  ent_id VARCHAR(500), group_id VARCHAR(500), sender VARBINARY(500), sender_name VARCHAR(500),
  sender_avatar VARCHAR(2000), message_type INT, message_content MEDIUMBLOB,
  created_at DATETIME NULL
) DEFAULT CHARSET=utf8mb4;

CREATE TABLE member (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  ent_id VARCHAR(500), uuid VARCHAR(500), name VARCHAR(500), nickname VARCHAR(500),
  avator VARCHAR(2000), online_status VARCHAR(100), status VARCHAR(100)
) DEFAULT CHARSET=utf8mb4;

-- As it should be: a room of a visitor and two agents. Lin has read the first four.
INSERT INTO chat_group (ent_id, uuid, group_name, member_id, member_type, unread, created_at) VALUES
  ('acme', 'tea', 'Tea 茶', 'lin', 1, 2, '2023-05-01 09:00:00'),
  ('acme', 'tea', 'Tea 茶', 'chen', 2, 0, '2023-05-01 09:00:00'),
  ('acme', 'tea', 'Tea 茶', 'mo', 2, 6, '2023-05-01 09:00:00');
INSERT INTO group_member (ent_id, group_id, member_id, member_name, member_avatar, member_type, created_at) VALUES
  ('acme', 'tea', 'lin', 'Lin 林', '/lin.png', 1, '2023-05-01 09:00:00'),
  ('acme', 'tea', 'chen', 'Chen', '', 2, '2023-05-01 09:00:00'),
  ('acme', 'tea', 'mo', 'Mo', '', 2, '2023-05-01 09:00:00');
INSERT INTO group_message (ent_id, group_id, sender, sender_name, message_type, message_content, created_at) VALUES
  ('acme', 'tea', 'chen', 'Chen', 1, 'Where is my tea? 🍵', '2023-05-01 09:00:05'),
  ('acme', 'tea', 'lin', 'Lin', 1, 'On its way.', '2023-05-01 09:01:00'),
  ('acme', 'tea', 'chen', 'Chen', 1, 'Since when?', '2023-05-01 09:02:00'),
  ('acme', 'tea', 'lin', 'Lin', 1, 'Yesterday.', '2023-05-01 09:03:00'),
  ('acme', 'tea', 'chen', 'Chen', 1, 'Thanks', '2023-05-01 09:04:00'),
  ('acme', 'tea', 'chen', 'Chen', 1, 'Bye', '2023-05-01 09:04:00'),
  ('acme', 'tea', 'lin', 'Lin', 2, 'Lin closed the conversation', '2023-05-01 09:05:00');

-- Another tenant, the same ids.
INSERT INTO chat_group (ent_id, uuid, group_name, member_id, member_type, unread, created_at) VALUES
  ('bolt', 'tea', 'Bolts', 'lin', 2, 1, '2023-05-01 09:00:00'),
  ('bolt', 'tea', 'Bolts', 'kim', 1, 0, '2023-05-01 09:00:00');
INSERT INTO group_member (ent_id, group_id, member_id, member_name, member_type, created_at) VALUES
  ('bolt', 'tea', 'lin', 'Lin of Bolt', 2, '2023-05-01 09:00:00'),
  ('bolt', 'tea', 'kim', 'Kim', 1, '2023-05-01 09:00:00');
INSERT INTO group_message (ent_id, group_id, sender, sender_name, message_type, message_content, created_at) VALUES
  ('bolt', 'tea', 'kim', 'Kim', 1, 'nuts', '2023-05-01 09:00:30');

-- Counters that drifted: too high, below zero, none at all, and one that is right.
INSERT INTO chat_group (ent_id, uuid, group_name, member_id, member_type, unread, created_at) VALUES
  ('acme', 'drift', 'Drift', 'high', 2, 99, '2023-06-01 10:00:00'),
  ('acme', 'drift', 'Drift', 'low', 2, -4, '2023-06-01 10:00:00'),
  ('acme', 'drift', 'Drift', 'none', 2, NULL, '2023-06-01 10:00:00'),
  ('acme', 'drift', 'Drift', 'right', 2, 1, '2023-06-01 10:00:00');
INSERT INTO group_member (ent_id, group_id, member_id, member_name, member_type, created_at)
  SELECT ent_id, uuid, member_id, member_id, member_type, created_at FROM chat_group WHERE uuid = 'drift';
INSERT INTO group_message (ent_id, group_id, sender, message_type, message_content, created_at) VALUES
  ('acme', 'drift', 'low', 1, 'd1', '2023-06-01 10:00:01'),
  ('acme', 'drift', 'high', 1, 'd2', '2023-06-01 10:00:02'),
  ('acme', 'drift', 'low', 1, 'd3', '2023-06-01 10:00:03');

-- The same membership twice, in both tables; the room under two names.
INSERT INTO chat_group (ent_id, uuid, group_name, member_id, member_type, unread, created_at) VALUES
  ('acme', 'twice', 'Old name', 'ann', 2, 2, '2023-06-02 10:00:00'),
  ('acme', 'twice', 'Old name', 'ben', 1, 0, '2023-06-02 10:00:00'),
  ('acme', 'twice', 'New name', 'ann', 2, 1, '2023-06-02 10:00:02');
INSERT INTO group_member (ent_id, group_id, member_id, member_name, member_type, created_at) VALUES
  ('acme', 'twice', 'ann', 'Ann', 2, '2023-06-02 10:00:00'),
  ('acme', 'twice', 'ann', 'Ann M.', 2, '2023-06-02 10:00:02'),
  ('acme', 'twice', 'ben', 'Ben', 2, '2023-06-02 10:00:00');
-- A message that was stored twice, perhaps, and two in one second.
INSERT INTO group_message (ent_id, group_id, sender, message_type, message_content, created_at) VALUES
  ('acme', 'twice', 'ben', 1, 'ok', '2023-06-02 10:00:01'),
  ('acme', 'twice', 'ben', 1, 'ok', '2023-06-02 10:00:01');

-- Members that one of the tables lacks; types that are none; case and blanks.
INSERT INTO chat_group (ent_id, uuid, group_name, member_id, member_type, unread, created_at) VALUES
  ('acme', 'half', '', 'left', 9, 1, '2023-06-03 10:00:00'),
  ('acme', 'half', '', 'Ann', 2, 0, '2023-06-03 10:00:00'),
  ('acme', 'half', '', 'ann ', 2, 0, '2023-06-03 10:00:00');
INSERT INTO group_member (ent_id, group_id, member_id, member_name, member_type, created_at) VALUES
  ('acme', 'half', 'right', 'Right', 1, '2023-06-03 10:00:00'),
  ('acme', 'half', 'Ann', REPEAT('n', 300), 2, '2023-06-03 10:00:00'),
  ('acme', 'half', 'ann ', 'ann', 2, '2023-06-03 10:00:00');
UPDATE group_member SET member_avatar = CONCAT('/', REPEAT('a', 1500)) WHERE member_id = 'Ann' COLLATE utf8mb4_bin;
-- From somebody who is not there, from nobody, of no known type, not UTF-8, with a NUL, too long.
INSERT INTO group_message (ent_id, group_id, sender, message_type, message_content, created_at) VALUES
  ('acme', 'half', 'ghost', 1, 'boo', '2023-06-03 10:00:01'),
  ('acme', 'half', '', 2, 'Ann joined', '2023-06-03 10:00:02'),
  ('acme', 'half', 'Ann', 7, 'seven', '2023-06-03 10:00:03'),
  ('acme', 'half', 'right', 1, X'68C3C36900E4BDA0', '2023-06-03 10:00:04'),
  ('acme', 'half', 'right', 1, REPEAT('长', 30000), '2023-06-03 10:00:05');

-- Nobody's messages.
INSERT INTO group_message (ent_id, group_id, sender, message_type, message_content, created_at) VALUES
  ('acme', 'orphan', 'chen', 1, 'is anybody there?', '2023-06-04 10:00:00'),
  ('acme', 'orphan', 'chen', 1, 'hello?', '2023-06-04 10:00:01');

-- Times that are none, and of the future; who spoke before joining.
INSERT INTO chat_group (ent_id, uuid, group_name, member_id, member_type, unread, created_at) VALUES
  ('acme', 'time', 'Time', 'early', 2, 0, '2023-06-05 12:00:00'),
  ('acme', 'time', 'Time', 'never', 2, 3, NULL),
  ('acme', 'time', 'Time', 'later', 2, 1, '2099-01-01 00:00:00');
INSERT INTO group_member (ent_id, group_id, member_id, member_name, member_type, created_at)
  SELECT ent_id, uuid, member_id, member_id, member_type, created_at FROM chat_group WHERE uuid = 'time' AND member_id <> 'later';
INSERT INTO group_member (ent_id, group_id, member_id, member_name, member_type, created_at) VALUES
  ('acme', 'time', 'later', 'later', 2, NULL);
INSERT INTO group_message (ent_id, group_id, sender, message_type, message_content, created_at) VALUES
  ('acme', 'time', 'early', 1, 'first of the day', '2023-06-05 08:00:00'),
  ('acme', 'time', 'early', 1, 'no time', NULL),
  ('acme', 'time', 'early', 1, 'zero time', '0000-00-00 00:00:00'),
  ('acme', 'time', 'early', 1, 'from the future', '2098-01-01 00:00:00');

-- Ids: empty, too long, with a NUL, not UTF-8; no tenant.
INSERT INTO chat_group (ent_id, uuid, group_name, member_id, member_type, unread, created_at) VALUES
  ('acme', '', 'nowhere', 'chen', 2, 5, '2023-06-06 10:00:00'),
  ('acme', 'tea', 'Tea 茶', '', 2, 5, '2023-06-06 10:00:00'),
  ('acme', REPEAT('long-room-', 20), 'Long', 'chen', 2, 1, '2023-06-06 10:00:00'),
  ('acme', REPEAT('long-room-', 20), 'Long', REPEAT('long-member-', 20), 1, 0, '2023-06-06 10:00:00'),
  ('acme', 'nul\0room', 'Nul', 'chen', 1, 0, '2023-06-06 10:00:00'),
  ('', 'tea', 'No tenant', 'chen', 1, 0, '2023-06-06 10:00:00');
INSERT INTO group_member (ent_id, group_id, member_id, member_name, member_type, created_at)
  SELECT ent_id, uuid, member_id, 'of ids', member_type, created_at FROM chat_group WHERE created_at = '2023-06-06 10:00:00';
INSERT INTO group_message (ent_id, group_id, sender, message_type, message_content, created_at) VALUES
  ('acme', '', 'chen', 1, 'to nowhere', '2023-06-06 10:00:01'),
  ('acme', REPEAT('long-room-', 20), REPEAT('long-member-', 20), 1, 'a long story', '2023-06-06 10:00:02'),
  ('acme', 'nul\0room', X'62C3616400', 1, 'bad sender', '2023-06-06 10:00:03');

INSERT INTO member (ent_id, uuid, name, nickname, avator, online_status, status) VALUES
  ('acme', 'lin', 'Lin of old', 'linny', '/old.png', 'online', 'on leave'),
  ('acme', 'lin', 'Lin again', 'linny2', '/old.png', 'online', ''),
  ('acme', 'gone', 'Gone', 'g', '', 'offline', ''),
  ('', 'nobody', '', '', '', '', '');
