import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, it } from 'vitest';
import { connectDatabase } from './database.ts';

/** AuthenticationOk and ReadyForQuery of the PostgreSQL protocol. */
const ready = Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 0, 0x5a, 0, 0, 0, 5, 0x49]);

// Vitest fails when nobody handles a rejected promise.
it('a connection that ends before its first answer rejects only the promise of the caller', async () => {
  const queried = Promise.withResolvers<void>();
  const server = createServer((socket) => {
    socket.once('data', () => {
      socket.write(ready);
      socket.once('data', () => queried.resolve());
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  const connection = connectDatabase(`postgres://user:password@127.0.0.1:${port}/database`, 'test');
  const ping = expect(connection.ping()).rejects.toThrow('CONNECTION_DESTROYED');
  await queried.promise;
  await connection.close(0);
  await ping;
  server.close();
});
