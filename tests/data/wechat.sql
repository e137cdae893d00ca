-- The tables of a customer service for followers of public accounts, as adopt meets them: two
-- accounts (tokens), times in seconds, hardly a key. Agents 7 and 8 pass a visit on.

CREATE TABLE tp_customer_service_fans_group (
  gid INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  token CHAR(16) NOT NULL DEFAULT '',
  groupname VARCHAR(20) NOT NULL DEFAULT '0'
) DEFAULT CHARSET=utf8mb4;

CREATE TABLE tp_customer_service_fans (
  openid CHAR(28) NOT NULL DEFAULT '',
  token CHAR(16) NOT NULL DEFAULT '',
  nickname VARCHAR(20) NOT NULL DEFAULT '',
  sex TINYINT(1) UNSIGNED NULL DEFAULT '1',
  province VARCHAR(20) NOT NULL DEFAULT '',
  city VARCHAR(20) NOT NULL DEFAULT '',
  headimgurl VARCHAR(150) NOT NULL DEFAULT '',
  tel VARCHAR(15) NOT NULL DEFAULT '',
  remark VARCHAR(20) NOT NULL DEFAULT '',
  gid INT UNSIGNED NOT NULL DEFAULT '0',
  KEY (openid)
) DEFAULT CHARSET=utf8mb4;

CREATE TABLE tp_customer_service_fans_visitors (
  vid INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  openid CHAR(28) NOT NULL DEFAULT '',
  token CHAR(16) NOT NULL DEFAULT '',
  starttime INT UNSIGNED NOT NULL DEFAULT '0',
  lasttime INT UNSIGNED NOT NULL DEFAULT '0',
  status TINYINT(1) NOT NULL DEFAULT '0',
  uid INT UNSIGNED NOT NULL DEFAULT '0',
  tid INT UNSIGNED NOT NULL DEFAULT '0',
  time INT UNSIGNED NOT NULL DEFAULT '0',
  KEY (openid)
) DEFAULT CHARSET=utf8mb4;

CREATE TABLE tp_customer_service_fans_visitors_type (
  tid INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  token CHAR(16) NOT NULL DEFAULT '',
  name VARCHAR(20) NOT NULL DEFAULT '0'
) DEFAULT CHARSET=utf8mb4;

CREATE TABLE tp_customer_service_fans_message (
  mid INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  token CHAR(16) NOT NULL DEFAULT '',
  openid CHAR(28) NOT NULL DEFAULT '',
  uid INT UNSIGNED NOT NULL DEFAULT '0',
  message TEXT,
  time INT UNSIGNED NOT NULL DEFAULT '0'
) DEFAULT CHARSET=utf8mb4;

CREATE TABLE tp_customer_service_users_message (
  token CHAR(16) NOT NULL DEFAULT '',
  openid CHAR(28) NOT NULL DEFAULT '',
  uid INT UNSIGNED NOT NULL DEFAULT '0',
  message TEXT,
  time INT UNSIGNED NOT NULL DEFAULT '0'
) DEFAULT CHARSET=utf8mb4;

CREATE TABLE tp_customer_service_users (
  uid INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  token CHAR(16) NOT NULL DEFAULT '',
  number VARCHAR(20) NOT NULL DEFAULT '0',
  name VARCHAR(20) NOT NULL DEFAULT '0',
  type TINYINT(1) NOT NULL DEFAULT '0',
  usernam VARCHAR(20) NOT NULL DEFAULT '0',
  userpwd VARCHAR(20) NOT NULL DEFAULT '0'
) DEFAULT CHARSET=utf8mb4;

CREATE TABLE tp_customer_service_users_job (
  openid CHAR(28) NOT NULL DEFAULT '',
  uid INT UNSIGNED NOT NULL DEFAULT '0',
  starttime INT UNSIGNED NOT NULL DEFAULT '0',
  lasttime INT UNSIGNED NOT NULL DEFAULT '0',
  time INT NOT NULL DEFAULT '0',
  KEY (openid)
) DEFAULT CHARSET=utf8mb4;

CREATE TABLE tp_customer_service_users_change (
  cid INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  uid INT UNSIGNED NOT NULL DEFAULT '0',
  touid INT UNSIGNED NOT NULL DEFAULT '0',
  time INT NOT NULL DEFAULT '0',
  KEY (uid)
) DEFAULT CHARSET=utf8mb4;

INSERT INTO tp_customer_service_fans_group VALUES (3, 'gh_tea', '老客户'), (4, 'gh_tea', 'new'), (5, 'gh_pots', 'all');
INSERT INTO tp_customer_service_fans_visitors_type VALUES (1, 'gh_tea', '退款'), (2, 'gh_tea', 'order'), (3, 'gh_pots', 'any');
INSERT INTO tp_customer_service_users VALUES
  (7, 'gh_tea', '007', 'Lin', 1, 'lin', 'secret'), (8, 'gh_tea', '008', '莫', 2, 'mo', 'secret'),
  (9, 'gh_pots', '001', 'Kim', 1, 'kim', 'secret');
INSERT INTO tp_customer_service_fans VALUES
  ('oA', 'gh_tea', 'Ann', 1, '云南', '昆明', 'https://x/a.png', '123', 'tea only', 3),
  ('oB', 'gh_tea', 'Ben', 0, '', '', '', '', '', 4),
  ('oC', 'gh_tea', '初', NULL, '', '', '', '', '', 0),
  ('oD', 'gh_pots', 'Dee', 1, '', '', '', '', '', 5);
-- 42: passed on from 7 to 8, ended. 43: waits. 44: served by 8. 45: waits, longer than 43. 46: of the other account.
INSERT INTO tp_customer_service_fans_visitors VALUES
  (42, 'oA', 'gh_tea', 1700000060, 1700000400, 0, 8, 1, 1700000000),
  (45, 'oB', 'gh_tea', 1700000500, 1700000510, 1, 0, 2, 1700000500),
  (43, 'oC', 'gh_tea', 1700000600, 1700000600, 1, 0, 0, 1700000600),
  (44, 'oA', 'gh_tea', 1700000710, 1700000730, 1, 8, 0, 1700000700),
  (46, 'oD', 'gh_pots', 1700000801, 1700000820, 0, 9, 3, 1700000800);
INSERT INTO tp_customer_service_fans_message VALUES
  (1, 'gh_tea', 'oA', 7, 'my tea 🍵?', 1700000001), (2, 'gh_tea', 'oA', 7, 'hello?', 1700000090),
  (3, 'gh_tea', 'oA', 8, 'thanks', 1700000300), (4, 'gh_tea', 'oB', 0, '您好', 1700000510),
  (5, 'gh_tea', 'oA', 8, 'again', 1700000705), (6, 'gh_tea', 'oA', 8, 'and?', 1700000730),
  (7, 'gh_pots', 'oD', 9, 'pots?', 1700000810);
INSERT INTO tp_customer_service_users_message VALUES
  ('gh_tea', 'oA', 7, 'a moment', 1700000061), ('gh_tea', 'oA', 8, 'I have it', 1700000201),
  ('gh_tea', 'oA', 8, 'bye', 1700000400), ('gh_tea', 'oA', 8, 'yes?', 1700000720),
  ('gh_pots', 'oD', 9, 'none', 1700000820);
INSERT INTO tp_customer_service_users_job VALUES
  ('oA', 7, 1700000060, 1700000090, 1700000200), ('oA', 8, 1700000200, 1700000400, 1700000400),
  ('oA', 8, 1700000710, 1700000730, 1700000730), ('oD', 9, 1700000801, 1700000820, 1700000820);
INSERT INTO tp_customer_service_users_change VALUES (1, 7, 8, 1700000200);
