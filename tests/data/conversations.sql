-- The tables of a small customer service as adopt meets them, with rows in order; the
-- keys that would forbid what test_adopt_desk.py breaks in them are left out there.

CREATE TABLE users (
  id INT AUTO_INCREMENT PRIMARY KEY,
  username VARCHAR(50) NOT NULL,
  password_hash VARCHAR(255) NOT NULL,
  role ENUM('customer', 'agent', 'admin') DEFAULT 'customer',
  email VARCHAR(100),
  created_at DATETIME DEFAULT CURRENT_TIMESTAMP,
  UNIQUE KEY (username)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE conversations (
  id INT AUTO_INCREMENT PRIMARY KEY,
  customer_id INT NOT NULL,
  agent_id INT,
  status ENUM('open', 'closed', 'pending') DEFAULT 'open',
  created_at DATETIME DEFAULT CURRENT_TIMESTAMP,
  updated_at DATETIME NULL ON UPDATE CURRENT_TIMESTAMP,
  FOREIGN KEY (customer_id) REFERENCES users (id),
  FOREIGN KEY (agent_id) REFERENCES users (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE messages (
  id INT AUTO_INCREMENT PRIMARY KEY,
  conversation_id INT NOT NULL,
  sender_id INT NOT NULL,
  content TEXT NOT NULL,
  is_read TINYINT(1) DEFAULT 0,
  created_at DATETIME DEFAULT CURRENT_TIMESTAMP,
  FOREIGN KEY (conversation_id) REFERENCES conversations (id) ON DELETE CASCADE,
  FOREIGN KEY (sender_id) REFERENCES users (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE agent_status (
  agent_id INT PRIMARY KEY,
  status ENUM('online', 'offline', 'busy') DEFAULT 'offline',
  last_seen DATETIME DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
  FOREIGN KEY (agent_id) REFERENCES users (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

INSERT INTO users (id, username, password_hash, role, email, created_at) VALUES
  (1, 'root', 'h1', 'admin', 'root@example.org', '2024-03-01 08:00:00'),
  (2, 'lin', 'h2', 'agent', 'lin@example.org', '2024-03-01 08:05:00'),
  (3, 'mo', 'h3', 'agent', 'mo@example.org', '2024-03-01 08:06:00'),
  (11, 'ann', 'h4', 'customer', 'ann@example.org', '2024-03-02 09:00:00'),
  (12, 'ben', 'h5', 'customer', '', '2024-03-02 09:30:00'),
  (13, 'cho 初', 'h6', 'customer', 'cho@example.org', '2024-03-02 09:40:00'),
  (14, 'dee', 'h7', 'customer', '', '2024-03-02 09:50:00');

INSERT INTO conversations (id, customer_id, agent_id, status, created_at, updated_at) VALUES
  (101, 11, 2, 'closed', '2024-03-02 10:00:00', '2024-03-02 10:30:00'),
  (102, 12, NULL, 'closed', '2024-03-02 10:10:00', '2024-03-02 10:20:00'),
  (105, 13, NULL, 'open', '2024-03-02 11:00:00', NULL),
  (103, 11, 3, 'pending', '2024-03-02 12:00:00', '2024-03-02 12:05:00'),
  (104, 12, NULL, 'open', '2024-03-02 10:50:00', NULL),
  (106, 14, NULL, 'open', '2024-03-02 12:30:00', NULL);

INSERT INTO messages (id, conversation_id, sender_id, content, is_read, created_at) VALUES
  (1, 101, 11, 'Where is my tea? 🍵', 1, '2024-03-02 10:00:05'),
  (2, 101, 2, 'On its way.', 1, '2024-03-02 10:01:00'),
  (3, 102, 12, 'Anybody?', 0, '2024-03-02 10:10:30'),
  (4, 101, 11, 'Thanks', 1, '2024-03-02 10:20:00'),
  (5, 104, 12, 'Nobody again?', 0, '2024-03-02 10:50:01'),
  (6, 105, 13, '你好', 0, '2024-03-02 11:00:00'),
  (7, 103, 11, 'It is cold', 1, '2024-03-02 12:00:10'),
  (8, 103, 3, 'Sorry!', 1, '2024-03-02 12:06:00'),
  (9, 103, 11, 'And now?', 0, '2024-03-02 12:40:00'),
  (10, 103, 11, 'Hello?', 0, '2024-03-02 12:41:00'),
  (11, 106, 14, 'hi', 0, '2024-03-02 12:30:01');

INSERT INTO agent_status (agent_id, status, last_seen) VALUES
  (1, 'offline', '2024-03-02 12:45:00'),
  (2, 'online', '2024-03-02 12:50:00'),
  (3, 'busy', '2024-03-02 12:55:00');
