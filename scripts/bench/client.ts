import { request, type Agent } from 'node:http';

interface Answer {
  readonly status: number;
  readonly body: string;
}

/** Sends one request. Resolves to undefined when the connection breaks or is idle for 30 s. */
export const callOver = (
  agent: Agent,
  url: string,
  token: string,
  method: string,
  body?: unknown,
): Promise<Answer | undefined> =>
  new Promise((resolve) => {
    const sent = request(url, {
      agent,
      method,
      timeout: 30_000,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    });
    sent.once('error', () => resolve(undefined));
    sent.once('timeout', () => sent.destroy(new Error('no answer')));
    sent.once('response', (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.once('error', () => resolve(undefined));
      response.once('end', () => resolve({ status: response.statusCode ?? 0, body: text }));
    });
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
