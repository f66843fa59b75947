// One call of the schema registry, as it wants to be spoken to: over TLS with an authority and a certificate of one's own, and
// with a user. `fetch` takes none of these from a program, so this is Node's own client.
import http from 'node:http';
import https from 'node:https';
import type { TlsOptions } from 'node:tls';

export interface RegistrySecurity {
  /** False for plain HTTP. */
  readonly tls: false | Readonly<Pick<TlsOptions, 'minVersion' | 'ca' | 'cert' | 'key'>>;
  readonly user?: { readonly username: string; readonly password: string };
}

export interface RegistryAddress {
  /** The base of its Confluent API. */
  readonly url: string;
  /** Nothing to prove, and nobody signed in, when absent. */
  readonly security?: RegistrySecurity;
}

export interface RegistryCall {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly withinMs: number;
}

export interface RegistryReply {
  readonly status: number;
  readonly text: string;
}

/** More than any schema or list of them; a registry that says more is something else. */
const mostBytes = 16 * 1024 * 1024;

/** Calls `url`, an address at that registry. Rejects when there is no answer within the time. */
export const callRegistry = (
  { security }: RegistryAddress,
  url: string,
  { method = 'GET', headers = {}, body, withinMs }: RegistryCall,
): Promise<RegistryReply> =>
  new Promise((resolve, reject) => {
    const user = security?.user;
    const options = {
      method,
      headers,
      signal: AbortSignal.timeout(withinMs),
      ...(user === undefined ? {} : { auth: `${user.username}:${user.password}` }),
    };
    const tls = security === undefined || security.tls === false ? {} : security.tls;
    const request = url.startsWith('https:')
      ? https.request(url, { ...options, ...tls })
      : http.request(url, options);
    request.once('error', reject);
    request.once('response', (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        bytes += chunk.length;
        if (bytes > mostBytes) request.destroy(new Error(`the answer has more than ${mostBytes} bytes`));
      });
      response.once('error', reject);
      response.once('end', () => {
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') });
      });
    });
    request.end(body);
  });
