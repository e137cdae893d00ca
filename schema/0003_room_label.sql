-- The labels of rooms.

CREATE TABLE IF NOT EXISTS room_label (
  ent_id   VARCHAR(64) NOT NULL,
  group_id VARCHAR(64) NOT NULL COMMENT 'the room',
  label    VARCHAR(64) NOT NULL,
  PRIMARY KEY (ent_id, group_id, label),
  KEY labelled (ent_id, label)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 /*M!100203 COLLATE=utf8mb4_nopad_bin */ /*!80017 COLLATE=utf8mb4_0900_bin */;
