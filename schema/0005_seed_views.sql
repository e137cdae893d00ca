-- Views in the names and columns that other customer service systems have, so that what
-- reads those goes on reading. `ent_id` (or `token`) tells tenants apart.
--
-- None takes a change: the next batch would write over a row that was changed behind the
-- broker's back. MySQL refuses one to a view whose column is a subquery, or that has an outer
-- join. MariaDB would carry it out: there a view's rows are made apart from the query (TEMPTABLE),
-- which hands its conditions on the columns down to them, so that they use an index as well.
--
-- Views that joins look things up in are made so that only the rows are read that a join asks
-- for: without subqueries, as MySQL merges them into the query then; and grouped by their key,
-- as MariaDB splits them by it then.
--
-- A view whose name something else has is left out. No view reads another one.

-- ---- users, conversations, messages, agent_status -------------------------------------

CREATE OR REPLACE VIEW users AS
SELECT p.no AS id, p.member_id AS username, '' AS password_hash,
       CASE WHEN a.agent IS NULL OR a.removed <> 0 THEN 'customer'
            WHEN a.role = 3 THEN 'admin' ELSE 'agent' END AS role,
       COALESCE(NULLIF(a.email, ''), v.email, '') AS email, p.created_at, p.ent_id
FROM desk_party p
LEFT JOIN desk_agent a ON a.ent_id = p.ent_id AND a.agent = p.member_id
LEFT JOIN desk_visitor v ON v.ent_id = p.ent_id AND v.visitor = p.member_id
/*M!100203 GROUP BY p.no, p.member_id, a.agent, a.removed, a.role, a.email, v.email, p.created_at, p.ent_id */;

CREATE OR REPLACE /*M!100203 ALGORITHM=TEMPTABLE */ VIEW conversations AS
SELECT c.no AS id, c.visitor_no AS customer_id, c.agent_no AS agent_id, c.status,
       c.opened_at AS created_at, c.updated_at, c.ent_id,
       (SELECT t.name FROM desk_team t
        WHERE t.ent_id = c.ent_id AND t.desk = c.desk_id AND t.team = c.team_id) AS team_name
FROM desk_conversation c;

CREATE OR REPLACE VIEW messages AS
SELECT m.position AS id, c.no AS conversation_id,
       COALESCE(p.no, 0) AS sender_id,
       /*M!100203 MIN( */ m.message_content /*M!100203 ) */ AS content,
       CASE WHEN m.seq <= IF(m.sender = c.visitor_id, c.agent_read_seq, c.visitor_read_seq)
            THEN 1 ELSE 0 END AS is_read,
       m.created_at, m.ent_id
FROM desk_conversation c JOIN group_message m
  ON m.ent_id = c.ent_id AND m.group_id = c.room
 AND m.seq BETWEEN c.first_seq AND COALESCE(c.last_seq, 9223372036854775807)
LEFT JOIN desk_party p ON p.ent_id = m.ent_id AND p.member_id = m.sender
WHERE m.message_type = 1
/*M!100203 GROUP BY c.no, m.position, m.ent_id, m.sender, p.no, m.seq, m.created_at, c.visitor_id,
           c.agent_read_seq, c.visitor_read_seq */;

CREATE OR REPLACE /*M!100203 ALGORITHM=TEMPTABLE */ VIEW agent_status AS
SELECT a.party_no AS agent_id,
       CASE WHEN a.mode = 2 THEN 'busy'
            ELSE COALESCE((SELECT m.online_status FROM member m
                           WHERE m.ent_id = a.ent_id AND m.uuid = a.agent), 'offline')
       END AS status,
       (SELECT m.last_seen FROM member m
        WHERE m.ent_id = a.ent_id AND m.uuid = a.agent) AS last_seen,
       a.ent_id
FROM desk_agent a
WHERE a.removed = 0;

-- ---- seat, session, session_mapping, busi_*, supplier ------------------------------------

CREATE OR REPLACE /*M!100203 ALGORITHM=TEMPTABLE */ VIEW seat AS
SELECT s.no AS id, s.agent AS qunar_name, s.web_name, s.nickname, s.avatar AS face_link,
       s.desk_no AS supplier_id, CAST(s.priority_milli / 1000 AS DECIMAL(23, 3)) AS priority,
       s.created_at AS create_time, s.updated_at AS last_update_time,
       NULLIF(s.old_desk_id, 0) AS old_supplier_id, NULLIF(s.old_id, 0) AS old_id,
       CASE s.mode WHEN 2 THEN 1 WHEN 3 THEN 4 ELSE 0 END AS service_status,
       CASE WHEN s.off OR s.removed THEN 0 ELSE 1 END AS status,
       s.max AS max_user, s.bind AS bind_wx, s.host, s.ent_id,
       (SELECT d.name FROM desk d
        WHERE d.ent_id = s.ent_id AND d.desk = s.desk) AS supplier_name
FROM desk_seat s;

-- A row a stint, and one for a conversation that nobody has served.
CREATE OR REPLACE /*M!100203 ALGORITHM=TEMPTABLE */ VIEW session AS
SELECT s.no AS id, s.conversation_id AS session_id, c.visitor_id AS user_name,
       s.agent_id AS seat_name, CONCAT('shop_', c.desk_no) AS shop_name,
       CASE c.product WHEN '' THEN '*' ELSE c.product END AS product_id,
       CASE WHEN s.ended_at IS NULL THEN 4 WHEN s.end_why = 1 THEN 5
            WHEN s.end_why IN (2, 3) THEN 6
            WHEN s.end_why = 7 AND c.close_why IN (6, 8, 10) THEN 6 ELSE 7 END AS session_state,
       CASE s.kind WHEN 2 THEN 1 ELSE 0 END AS isrobot_seat,
       s.started_at AS created_time,
       GREATEST(s.started_at, CASE WHEN s.ended_at IS NULL
                THEN COALESCE(c.last_message_at, s.started_at)
                ELSE COALESCE(s.last_at, s.started_at) END) AS update_time, s.ent_id
FROM desk_stint s JOIN desk_conversation c
  ON c.ent_id = s.ent_id AND c.conversation_id = s.conversation_id
UNION ALL
SELECT c.unserved, c.conversation_id, c.visitor_id, NULL, CONCAT('shop_', c.desk_no),
       CASE c.product WHEN '' THEN '*' ELSE c.product END,
       CASE WHEN c.state = 3 THEN 1 WHEN c.state = 1 THEN 2 WHEN c.state = 2 THEN 3
            WHEN c.close_why IN (6, 8, 10) THEN 6 ELSE 7 END,
       0, c.opened_at, COALESCE(c.last_message_at, c.opened_at), c.ent_id
FROM desk_conversation c
WHERE c.unserved IS NOT NULL;

-- A row a conversation; seat_id and seat_name are of its last human stint.
CREATE OR REPLACE /*M!100203 ALGORITHM=TEMPTABLE */ VIEW session_mapping AS
SELECT c.no AS id, c.visitor_id AS customer_name, c.desk_no AS shop_id,
       CASE c.product WHEN '' THEN '*' ELSE c.product END AS product_id,
       c.conversation_id AS session_id,
       COALESCE((SELECT s.seat_no FROM desk_stint s WHERE s.ent_id = c.ent_id
                 AND s.conversation_id = c.conversation_id AND s.kind = 1
                 ORDER BY s.n DESC LIMIT 1), 0) AS seat_id,
       CASE WHEN c.state <= 3 THEN 1 WHEN c.state >= 6 THEN 5
            WHEN c.spoke IN (3, 4) AND c.last_message_at >=
                 (SELECT MAX(s.started_at) FROM desk_stint s WHERE s.ent_id = c.ent_id
                  AND s.conversation_id = c.conversation_id) THEN c.spoke
            ELSE 2 END AS status,
       GREATEST(c.asks, 1) AS request_count,
       COALESCE(c.assigned_at, TIMESTAMP '1970-01-01 00:00:00') AS distributed_time,
       COALESCE(c.queued_at, c.opened_at) AS inqueue_time,
       COALESCE(c.last_message_at, c.opened_at) AS last_ack_time,
       COALESCE((SELECT s.agent_id FROM desk_stint s WHERE s.ent_id = c.ent_id
                 AND s.conversation_id = c.conversation_id AND s.kind = 1
                 ORDER BY s.n DESC LIMIT 1), '') AS seat_name,
       c.team_no AS group_id, c.ent_id
FROM desk_conversation c;

CREATE OR REPLACE /*M!100203 ALGORITHM=TEMPTABLE */ VIEW busi_supplier_mapping AS
SELECT b.no AS id, b.desk_no AS supplier_id, b.business AS busi_id,
       b.business_desk_id AS busi_supplier_id, b.created_at AS create_time,
       b.updated_at AS last_update_time, b.bsuid_and_type, b.operator AS supplier_operator,
       b.operator_name AS operator_webname,
       CASE WHEN b.off OR b.removed THEN 0 ELSE 1 END AS status, b.ent_id,
       (SELECT d.name FROM desk d
        WHERE d.ent_id = b.ent_id AND d.desk = b.desk) AS supplier_name
FROM desk_business b;

CREATE OR REPLACE /*M!100203 ALGORITHM=TEMPTABLE */ VIEW busi_seat_mapping AS
SELECT b.no AS id, b.business AS busi_id, b.seat_no AS seat_id, b.created_at AS create_time,
       b.updated_at AS last_update_time,
       CASE WHEN b.off OR b.removed THEN 0 ELSE 1 END AS status, b.ent_id,
       (SELECT s.web_name FROM desk_seat s WHERE s.ent_id = b.ent_id AND s.desk = b.desk
        AND s.agent = b.agent) AS seat_web_name
FROM desk_seat_business b;

CREATE OR REPLACE /*M!100203 ALGORITHM=TEMPTABLE */ VIEW supplier AS
SELECT d.no AS id, d.name, d.created_at AS create_time, d.updated_at AS last_update_time,
       NULLIF(d.old_id, 0) AS old_id, d.logo_url,
       (SELECT t.text FROM desk_text t WHERE t.ent_id = d.ent_id AND t.desk = d.desk
        AND t.team = '' AND t.which = 1 AND t.removed = 0) AS welcomes,
       CASE WHEN d.off OR d.removed THEN 0 ELSE 1 END AS status,
       CASE WHEN d.queue_off THEN 0 ELSE 1 END AS ext_flag,
       CASE WHEN d.strategy > 1 THEN d.strategy - 1 ELSE 0 END AS assign_strategy,
       COALESCE((SELECT t.text FROM desk_text t WHERE t.ent_id = d.ent_id AND t.desk = d.desk
                 AND t.team = '' AND t.which = 3 AND t.removed = 0), '') AS no_service_welcomes,
       d.ent_id
FROM desk d;

-- ---- tp_customer_service_* ------------------------------------------------------------------

CREATE OR REPLACE /*M!100203 ALGORITHM=TEMPTABLE */ VIEW tp_customer_service_fans_group AS
SELECT g.no AS gid, g.ent_id AS token, g.name AS groupname,
       (SELECT COUNT(*) FROM desk_visitor v WHERE v.group_no = g.no AND v.ent_id = g.ent_id
        AND v.removed = 0) AS fans
FROM desk_group g
WHERE g.removed = 0;

-- Visitors with a profile, and those who have none but were here.
CREATE OR REPLACE /*M!100203 ALGORITHM=TEMPTABLE */ VIEW tp_customer_service_fans AS
SELECT p.member_id AS openid, p.ent_id AS token,
       COALESCE(NULLIF(v.nickname, ''), (SELECT m.name FROM member m
                WHERE m.ent_id = p.ent_id AND m.uuid = p.member_id), '') AS nickname,
       CASE v.sex WHEN 1 THEN 1 WHEN 2 THEN 0 END AS sex, COALESCE(v.province, '') AS province,
       COALESCE(v.city, '') AS city,
       COALESCE(NULLIF(v.avatar, ''), (SELECT m.avator FROM member m
                WHERE m.ent_id = p.ent_id AND m.uuid = p.member_id), '') AS headimgurl,
       COALESCE(v.tel, '') AS tel, COALESCE(v.remark, '') AS remark,
       COALESCE(v.group_no, 0) AS gid
FROM desk_party p LEFT JOIN desk_visitor v ON v.ent_id = p.ent_id AND v.visitor = p.member_id
WHERE v.removed = 0
   OR (v.removed IS NULL
       AND EXISTS (SELECT 1 FROM desk_conversation c WHERE c.visitor_no = p.no));

CREATE OR REPLACE /*M!100203 ALGORITHM=TEMPTABLE */ VIEW tp_customer_service_fans_visitors AS
SELECT c.no AS vid, c.visitor_id AS openid, c.ent_id AS token,
       TIMESTAMPDIFF(SECOND, '1970-01-01', COALESCE(c.assigned_at, c.opened_at)) AS starttime,
       TIMESTAMPDIFF(SECOND, '1970-01-01', COALESCE(c.last_message_at, c.opened_at)) AS lasttime,
       CASE c.state WHEN 7 THEN 0 ELSE 1 END AS status,
       COALESCE((SELECT s.agent_no FROM desk_stint s WHERE s.ent_id = c.ent_id
                 AND s.conversation_id = c.conversation_id ORDER BY s.n DESC LIMIT 1), 0) AS uid,
       c.type_no AS tid, TIMESTAMPDIFF(SECOND, '1970-01-01', c.opened_at) AS time
FROM desk_conversation c;

CREATE OR REPLACE /*M!100203 ALGORITHM=TEMPTABLE */ VIEW tp_customer_service_fans_visitors_type AS
SELECT t.no AS tid, t.ent_id AS token, t.name,
       (SELECT d.name FROM desk d WHERE d.ent_id = t.ent_id AND d.desk = t.desk) AS desk_name
FROM desk_type t
WHERE t.removed = 0;

-- uid: of the first stint that the message is part of; 0 while nobody has taken it.
CREATE OR REPLACE /*M!100203 ALGORITHM=TEMPTABLE */ VIEW tp_customer_service_fans_message AS
SELECT m.position AS mid, m.ent_id AS token, m.sender AS openid,
       COALESCE((SELECT s.agent_no FROM desk_stint s WHERE s.ent_id = c.ent_id
                 AND s.conversation_id = c.conversation_id AND s.from_seq < m.seq
                 AND (s.to_seq IS NULL OR s.to_seq >= m.seq) ORDER BY s.n LIMIT 1), 0) AS uid,
       m.message_content AS message,
       TIMESTAMPDIFF(SECOND, '1970-01-01', m.created_at) AS time
FROM desk_conversation c JOIN group_message m
  ON m.ent_id = c.ent_id AND m.group_id = c.room AND m.sender = c.visitor_id
 AND m.seq BETWEEN c.first_seq AND COALESCE(c.last_seq, 9223372036854775807)
WHERE m.message_type = 1;

CREATE OR REPLACE /*M!100203 ALGORITHM=TEMPTABLE */ VIEW tp_customer_service_users_message AS
SELECT m.ent_id AS token, c.visitor_id AS openid,
       (SELECT p.no FROM desk_party p
        WHERE p.ent_id = m.ent_id AND p.member_id = m.sender) AS uid,
       m.message_content AS message,
       TIMESTAMPDIFF(SECOND, '1970-01-01', m.created_at) AS time
FROM desk_conversation c JOIN group_message m
  ON m.ent_id = c.ent_id AND m.group_id = c.room AND m.sender <> c.visitor_id
 AND m.seq BETWEEN c.first_seq AND COALESCE(c.last_seq, 9223372036854775807)
JOIN desk_agent a ON a.ent_id = m.ent_id AND a.agent = m.sender
WHERE m.message_type = 1;

CREATE OR REPLACE /*M!100203 ALGORITHM=TEMPTABLE */ VIEW tp_customer_service_users AS
SELECT a.party_no AS uid, a.ent_id AS token, a.number, a.name,
       CASE WHEN a.role >= 2 THEN 2 ELSE 1 END AS type, a.agent AS usernam, '' AS userpwd,
       (SELECT m.online_status FROM member m
        WHERE m.ent_id = a.ent_id AND m.uuid = a.agent) AS online_status
FROM desk_agent a
WHERE a.removed = 0;

CREATE OR REPLACE /*M!100203 ALGORITHM=TEMPTABLE */ VIEW tp_customer_service_users_job AS
SELECT c.visitor_id AS openid, s.agent_no AS uid,
       TIMESTAMPDIFF(SECOND, '1970-01-01', s.started_at) AS starttime,
       TIMESTAMPDIFF(SECOND, '1970-01-01',
                     GREATEST(s.started_at, CASE WHEN s.ended_at IS NULL
                              THEN COALESCE(c.last_message_at, s.started_at)
                              ELSE COALESCE(s.last_at, s.started_at) END)) AS lasttime,
       TIMESTAMPDIFF(SECOND, '1970-01-01',
                     GREATEST(s.started_at, COALESCE(s.ended_at, c.last_message_at, s.started_at)))
       AS time,
       s.ent_id AS token,
       (SELECT a.name FROM desk_agent a
        WHERE a.ent_id = s.ent_id AND a.agent = s.agent_id) AS agent_name
FROM desk_stint s JOIN desk_conversation c
  ON c.ent_id = s.ent_id AND c.conversation_id = s.conversation_id;

-- touid: of one that was given to a team, who served next; 0 while nobody does.
CREATE OR REPLACE /*M!100203 ALGORITHM=TEMPTABLE */ VIEW tp_customer_service_users_change AS
SELECT t.no AS cid, t.from_agent_no AS uid,
       COALESCE(NULLIF(t.to_agent_no, 0),
                (SELECT s.agent_no FROM desk_stint s
                 WHERE s.ent_id = t.ent_id AND s.conversation_id = t.conversation_id
                   AND s.started_at >= t.ended_at ORDER BY s.n LIMIT 1), 0) AS touid,
       TIMESTAMPDIFF(SECOND, '1970-01-01', t.ended_at) AS time, t.ent_id AS token,
       (SELECT c.visitor_id FROM desk_conversation c
        WHERE c.ent_id = t.ent_id AND c.conversation_id = t.conversation_id) AS openid
FROM desk_transfer t
WHERE t.how IN (1, 5);
