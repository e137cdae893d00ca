-- The tables Parlor keeps. Rules for these files: schema/README.md.
--
-- Every table compares text byte by byte, trailing spaces included: an id is
-- whatever the backend says it is. No collation of that kind is known to all
-- servers, so each server sees its own in a versioned comment.

CREATE TABLE IF NOT EXISTS room (
  ent_id       VARCHAR(64)      NOT NULL,
  uuid         VARCHAR(64)      NOT NULL,
  group_name   VARCHAR(512)     NOT NULL DEFAULT '',
  state        TINYINT          NOT NULL DEFAULT 1 COMMENT '1 open, 2 closed, 3 dissolved',
  history_open TINYINT          NOT NULL DEFAULT 0,
  members      INT              NOT NULL DEFAULT 0 COMMENT 'about',
  last_seq     BIGINT           NOT NULL DEFAULT 0,
  counted      BIGINT           NOT NULL DEFAULT 0 COMMENT 'messages that count as unread',
  broker_id    BIGINT UNSIGNED  NOT NULL DEFAULT 0,
  part         INT              NOT NULL DEFAULT 0,
  position     BIGINT UNSIGNED  NOT NULL DEFAULT 0 COMMENT 'of the last journal record about it',
  created_at   DATETIME(6)      NOT NULL DEFAULT '1970-01-01 00:00:00',
  updated_at   DATETIME(6)      NOT NULL DEFAULT '1970-01-01 00:00:00',
  PRIMARY KEY (ent_id, uuid),
  KEY part_rooms (broker_id, part)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 /*M!100203 COLLATE=utf8mb4_nopad_bin */ /*!80017 COLLATE=utf8mb4_0900_bin */;

CREATE TABLE IF NOT EXISTS chat_group (
  ent_id      VARCHAR(64)  NOT NULL,
  uuid        VARCHAR(64)  NOT NULL COMMENT 'the room',
  member_id   VARCHAR(64)  NOT NULL,
  group_name  VARCHAR(512) NOT NULL DEFAULT '',
  member_type TINYINT      NOT NULL DEFAULT 2 COMMENT '1 manager, 2 member',
  unread      BIGINT       NOT NULL DEFAULT 0 COMMENT 'room.counted - seen, as of unread_seq',
  unread_seq  BIGINT       NOT NULL DEFAULT 0,
  seen        BIGINT       NOT NULL DEFAULT 0 COMMENT 'counted messages that are not unread for this member',
  read_seq    BIGINT       NOT NULL DEFAULT 0,
  joined_seq  BIGINT       NOT NULL DEFAULT 0,
  created_at  DATETIME(6)  NOT NULL DEFAULT '1970-01-01 00:00:00' COMMENT 'when the member joined',
  PRIMARY KEY (ent_id, uuid, member_id),
  KEY member_rooms (ent_id, member_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 /*M!100203 COLLATE=utf8mb4_nopad_bin */ /*!80017 COLLATE=utf8mb4_0900_bin */;

CREATE TABLE IF NOT EXISTS group_member (
  ent_id        VARCHAR(64)   NOT NULL,
  group_id      VARCHAR(64)   NOT NULL,
  member_id     VARCHAR(64)   NOT NULL,
  member_name   VARCHAR(512)  NOT NULL DEFAULT '',
  member_avatar VARCHAR(2048) NOT NULL DEFAULT '',
  member_type   TINYINT       NOT NULL DEFAULT 2 COMMENT '1 manager, 2 member',
  created_at    DATETIME(6)   NOT NULL DEFAULT '1970-01-01 00:00:00' COMMENT 'when the member joined',
  PRIMARY KEY (ent_id, group_id, member_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 /*M!100203 COLLATE=utf8mb4_nopad_bin */ /*!80017 COLLATE=utf8mb4_0900_bin */;

CREATE TABLE IF NOT EXISTS group_message (
  ent_id          VARCHAR(64)     NOT NULL,
  group_id        VARCHAR(64)     NOT NULL,
  seq             BIGINT          NOT NULL COMMENT 'dense from 1 in its room: the order',
  sender          VARCHAR(64)     NOT NULL COMMENT 'empty: the system',
  sender_name     VARCHAR(512)    NOT NULL,
  sender_avatar   VARCHAR(2048)   NOT NULL,
  message_type    TINYINT         NOT NULL COMMENT '1 message, 2 notice',
  content_type    TINYINT         NOT NULL COMMENT '0 text, 1 image, 2 file, 3 custom',
  message_content MEDIUMTEXT      NOT NULL COMMENT 'empty once recalled',
  client_id       VARCHAR(64)     NOT NULL,
  mentions        MEDIUMTEXT      NULL COMMENT 'JSON array of member ids',
  recalled        TINYINT         NOT NULL DEFAULT 0,
  position        BIGINT UNSIGNED NOT NULL COMMENT 'in the broker''s journal',
  created_at      DATETIME(6)     NOT NULL,
  PRIMARY KEY (ent_id, group_id, seq)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 /*M!100203 COLLATE=utf8mb4_nopad_bin */ /*!80017 COLLATE=utf8mb4_0900_bin */;

CREATE TABLE IF NOT EXISTS member (
  ent_id            VARCHAR(64)     NOT NULL,
  uuid              VARCHAR(64)     NOT NULL COMMENT 'the member id',
  name              VARCHAR(512)    NOT NULL DEFAULT '',
  nickname          VARCHAR(512)    NOT NULL DEFAULT '' COMMENT 'never written by Parlor',
  avator            VARCHAR(2048)   NOT NULL DEFAULT '',
  online_status     VARCHAR(16)     NOT NULL DEFAULT 'offline' COMMENT 'online, busy, offline',
  status            VARCHAR(16)     NOT NULL DEFAULT '' COMMENT 'never written by Parlor',
  last_seen         DATETIME(6)     NULL,
  profile_broker    BIGINT UNSIGNED NOT NULL DEFAULT 0,
  profile_position  BIGINT UNSIGNED NOT NULL DEFAULT 0,
  presence_broker   BIGINT UNSIGNED NOT NULL DEFAULT 0,
  presence_position BIGINT UNSIGNED NOT NULL DEFAULT 0,
  PRIMARY KEY (ent_id, uuid),
  KEY present (presence_broker, online_status)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 /*M!100203 COLLATE=utf8mb4_nopad_bin */ /*!80017 COLLATE=utf8mb4_0900_bin */;

CREATE TABLE IF NOT EXISTS sync_mark (
  broker_id BIGINT UNSIGNED NOT NULL,
  part      INT             NOT NULL,
  epoch     BIGINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'who owns the part; only ever rises',
  position  BIGINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'journal records up to here are applied',
  digest    BIGINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'of the record at position; 0: not known',
  projected BIGINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'chat_group.unread holds those up to here, at least',
  PRIMARY KEY (broker_id, part)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 /*M!100203 COLLATE=utf8mb4_nopad_bin */ /*!80017 COLLATE=utf8mb4_0900_bin */;

CREATE TABLE IF NOT EXISTS sync_quarantine (
  broker_id  BIGINT UNSIGNED NOT NULL,
  part       INT             NOT NULL,
  ent_id     VARCHAR(64)     NOT NULL,
  group_id   VARCHAR(64)     NOT NULL,
  position   BIGINT UNSIGNED NOT NULL COMMENT 'first record of the room that is not applied',
  error      VARCHAR(512)    NOT NULL,
  created_at DATETIME(6)     NOT NULL,
  PRIMARY KEY (broker_id, part, ent_id, group_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 /*M!100203 COLLATE=utf8mb4_nopad_bin */ /*!80017 COLLATE=utf8mb4_0900_bin */;

CREATE OR REPLACE VIEW chat_group_current AS
SELECT g.ent_id, g.member_id, r.group_name, g.uuid, g.member_type,
       GREATEST(r.counted - g.seen, 0) AS unread, r.last_seq AS unread_seq,
       g.seen, g.read_seq, g.joined_seq, g.created_at
FROM chat_group g JOIN room r ON r.ent_id = g.ent_id AND r.uuid = g.uuid;
