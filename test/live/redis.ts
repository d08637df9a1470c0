import { connect } from 'node:net';
import { live } from './vault-server.ts';

/** Sends commands to the real Redis in order. Returns the replies, or rejects with the first error. */
export function redis(...commands: readonly (readonly string[])[]): Promise<string> {
  const { hostname, port } = new URL(live.redis);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname);
    let replies = '';
    socket.on('error', reject);
    socket.on('data', (chunk) => {
      replies += chunk;
      if (/^-/m.test(replies)) reject(new Error(replies.trim()));
      else if ((replies.match(/\r\n/g) ?? []).length < commands.length) return;
      resolve(replies);
      socket.destroy();
    });
    for (const command of commands) {
      const words = command.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
      socket.write(`*${command.length}\r\n${words.join('')}`);
    }
  });
}
