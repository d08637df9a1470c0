// The form in which PostgreSQL keeps a password (SCRAM-SHA-256, RFC 5803). A statement with it in place of
// the password shows nothing to logs, to pg_stat_activity or to the wire that could be used to log in. Used
// by postgres-users.ts.

import { createHash, createHmac, pbkdf2, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';

/** The number that PostgreSQL itself uses. The passwords are random, so that more rounds add nothing. */
const rounds = 4096;

const hmac = (key: Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();

/** `SCRAM-SHA-256$4096:salt$StoredKey:ServerKey`. The server keeps a text of this form as it is. */
export async function scramOf(password: string, salt: Buffer = randomBytes(16)): Promise<string> {
  // the server prepares other characters than ASCII in this way (SASLprep), and so do its clients
  const prepared = password.normalize('NFKC');
  const salted = await promisify(pbkdf2)(prepared, salt, rounds, 32, 'sha256');
  const stored = createHash('sha256').update(hmac(salted, 'Client Key')).digest();
  const keys = [stored, hmac(salted, 'Server Key')].map((key) => key.toString('base64'));
  return `SCRAM-SHA-256$${rounds}:${salt.toString('base64')}$${keys.join(':')}`;
}
