// One HTTP call to the schema registry, with TLS, a client certificate and basic authentication. It uses Node's client, because
// `fetch` has no option for a private certificate authority or a client certificate.
import http from 'node:http';
import https from 'node:https';
import type { TlsOptions } from 'node:tls';

export interface RegistrySecurity {
  /** The options of https calls; false: none. The scheme of the URL decides whether a call uses TLS. */
  readonly tls: false | Readonly<Pick<TlsOptions, 'minVersion' | 'ca' | 'cert' | 'key'>>;
  readonly user?: { readonly username: string; readonly password: string };
}

export interface RegistryAddress {
  /** Base URL of the Confluent API. */
  readonly url: string;
  /** If undefined, calls have no client certificate and no user. */
  readonly security?: RegistrySecurity;
}

interface RegistryCall {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly timeoutMs: number;
}

export interface RegistryReply {
  readonly status: number;
  readonly text: string;
}

/** Limit of the response size: larger than any schema or list of schemas. */
const maxBytes = 16 * 1024 * 1024;

/**
 * Sends one request to `url`, a complete URL of this registry. Rejects if the complete response does not arrive within `timeoutMs`.
 */
export const callRegistry = (
  { security }: RegistryAddress,
  url: string,
  { method = 'GET', headers = {}, body, timeoutMs }: RegistryCall,
): Promise<RegistryReply> =>
  new Promise((resolve, reject) => {
    const user = security?.user;
    const options = {
      method,
      headers,
      signal: AbortSignal.timeout(timeoutMs),
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
        if (bytes > maxBytes)
          request.destroy(
            new Error(
              `the answer has more than ${maxBytes} bytes; check that the URL is the URL of a schema registry`,
            ),
          );
      });
      response.once('error', reject);
      response.once('end', () => {
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') });
      });
    });
    request.end(body);
  });
