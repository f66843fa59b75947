// How a client sees a problem: the RFC 9457 document, its response in the OpenAPI document, and the page behind `type`.
import { z } from '@hono/zod-openapi';
import { html } from 'hono/html';
import { type HttpProblem, standardProblems, type ProblemKind } from './problem.ts';

export const problemMediaType = 'application/problem+json';

/** The body of every error response. */
export const problemSchema = z
  .object({
    type: z.string().openapi({ description: 'Address of the page that explains the code' }),
    title: z.string(),
    status: z.int().min(400).max(599),
    detail: z.string(),
    instance: z.string().openapi({ description: 'Path of the request, as the client sent it' }),
    code: z.string().openapi({ description: 'For programs: stable, unlike the sentences' }),
    correlationId: z.string(),
    errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
  })
  .openapi('Problem');
export type ProblemBody = z.infer<typeof problemSchema>;

/** The path of the public URL. The proxy removes this prefix from each request, so paths in responses must begin with it. */
export const pathPrefixOf = (publicUrl: string): string =>
  (URL.parse(publicUrl)?.pathname ?? '').replace(/\/$/, '');

/**
 * @param base The public URL of the process; with '' the references are relative to the process.
 * @param instance Path of the request as the process sees it.
 */
export const problemBody = (
  { code, status, title, message, errors }: HttpProblem,
  {
    base,
    instance,
    correlationId,
  }: { readonly base: string; readonly instance: string; readonly correlationId: string },
): ProblemBody => ({
  type: `${base}/problems/${code}`,
  title,
  status,
  detail: message,
  instance: `${pathPrefixOf(base)}${instance}`,
  code,
  correlationId,
  ...(errors === undefined
    ? {}
    : { errors: errors.map(({ path, message: text }) => ({ path, message: text })) }),
});

interface ProblemResponse {
  readonly description: string;
  readonly content: { readonly [problemMediaType]: { readonly schema: typeof problemSchema } };
}

/** Entries for the `responses` of a route, one per status: `...problemResponses(401, 404)`. */
export const problemResponses = (...statuses: readonly number[]): Record<number, ProblemResponse> => {
  const kinds = Map.groupBy(Object.values(standardProblems), ({ status }): number => status);
  return Object.fromEntries(
    statuses.map((status) => [
      status,
      {
        description:
          kinds
            .get(status)
            ?.map(({ title }) => title)
            .join(', ') ?? 'Problem',
        content: { [problemMediaType]: { schema: problemSchema } },
      },
    ]),
  );
};

/** The page has an inline style and loads nothing. */
export const problemPagePolicy =
  "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** The page behind `type`. */
export const problemPage = (code: string, { status, title, explanation }: ProblemKind) =>
  html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width" />
        <meta name="color-scheme" content="light dark" />
        <title>${title}</title>
        <style>
          body {
            font:
              1rem/1.5 system-ui,
              sans-serif;
            max-width: 40rem;
            margin: 4rem auto;
            padding: 0 1rem;
          }
        </style>
      </head>
      <body>
        <main>
          <p><code>${status} ${code}</code></p>
          <h1>${title}</h1>
          <p>${explanation}</p>
        </main>
      </body>
    </html>`;
