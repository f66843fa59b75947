// The health of all parts as a page: plain HTML that is complete without a script, a style sheet or a network.
// The invariant: everything shown is escaped by the template, and only what carries this response's nonce is executed.
// Without it a detail that quotes a failing part could run in the browser of whoever looks after the system.
import { html } from 'hono/html';
import type { PartHealth, PartsReport } from './parts-health.ts';

const words = {
  ok: 'Healthy',
  degraded: 'Degraded',
  unavailable: 'Unavailable',
  unknown: 'Unknown',
} as const;
const marks = { ok: '●', degraded: '◐', unavailable: '▲', unknown: '○' } as const;

const processOf = ({ pid, state, restarts }: PartHealth): string =>
  [
    ...(pid === undefined ? [] : [`pid ${pid}`]),
    ...(state === undefined ? [] : [state]),
    ...(restarts === undefined || restarts === 0 ? [] : [`${restarts} restart${restarts === 1 ? '' : 's'}`]),
  ].join(' · ');

const row = (part: PartHealth) => html`
  <tr>
    <th scope="row">${part.name}</th>
    <td class="${part.status}">
      <span aria-hidden="true">${marks[part.status]}</span> ${words[part.status]}
    </td>
    <td class="number">${part.latencyMs === null ? '–' : `${part.latencyMs} ms`}</td>
    <td>${part.detail}</td>
    <td>${processOf(part)}</td>
  </tr>
`;

const summary = ({ parts }: PartsReport): string => {
  const well = parts.filter(({ status }) => status === 'ok').length;
  if (parts.length === 0) return 'Nothing to watch';
  return well === parts.length
    ? `All ${parts.length} parts are healthy`
    : `${well} of ${parts.length} parts are healthy`;
};

/** @param nonce Of this response's Content-Security-Policy. */
export const healthPage = (report: PartsReport, nonce: string) =>
  html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>OrderFlow · ${summary(report)}</title>
        <link rel="icon" href="data:," />
        <noscript><meta http-equiv="refresh" content="10" /></noscript>
        <style nonce="${nonce}">
          :root {
            color-scheme: light dark;
            --good: light-dark(#0a6b2d, #6ddc8b);
            --bad: light-dark(#b3261e, #ff9a8f);
            --dim: light-dark(#555, #aaa);
            --line: light-dark(#ddd, #3a3a3a);
          }
          body {
            font:
              1rem/1.5 system-ui,
              sans-serif;
            margin: 0 auto;
            max-width: 70rem;
            padding: 2rem 1rem;
            background: light-dark(#fff, #161616);
            color: light-dark(#1a1a1a, #eee);
          }
          h1 {
            font-size: 1.6rem;
            margin: 0;
          }
          .product,
          footer {
            color: var(--dim);
            margin: 0;
          }
          .scroll {
            overflow-x: auto;
            margin: 1.5rem 0;
          }
          table {
            border-collapse: collapse;
            width: 100%;
          }
          th,
          td {
            text-align: left;
            padding: 0.5rem 0.75rem 0.5rem 0;
            border-bottom: 1px solid var(--line);
            vertical-align: top;
          }
          thead th,
          caption {
            color: var(--dim);
            font-weight: normal;
            text-align: left;
          }
          .number {
            font-variant-numeric: tabular-nums;
            white-space: nowrap;
          }
          .ok {
            color: var(--good);
            white-space: nowrap;
          }
          .degraded,
          .unavailable {
            color: var(--bad);
            font-weight: bold;
            white-space: nowrap;
          }
          button {
            font: inherit;
            padding: 0.25rem 0.75rem;
          }
        </style>
      </head>
      <body>
        <main>
          <p class="product">OrderFlow</p>
          <div id="report">
            <h1>${summary(report)}</h1>
            <div class="scroll" role="region" aria-label="Parts" tabindex="0">
              <table>
                <caption>
                  Checked at
                  <time datetime="${report.checkedAt}">${report.checkedAt.slice(11, 19)} UTC</time>
                </caption>
                <thead>
                  <tr>
                    <th scope="col">Part</th>
                    <th scope="col">Status</th>
                    <th scope="col">Answered in</th>
                    <th scope="col">Detail</th>
                    <th scope="col">Process</th>
                  </tr>
                </thead>
                <tbody>
                  ${report.parts.map(row)}
                </tbody>
              </table>
            </div>
          </div>
          <p><button type="button" id="pause" aria-pressed="false" hidden>Pause refreshing</button></p>
        </main>
        <footer>
          <p>
            Also as <a href="/health">JSON</a> · the API of this service is described in
            <a href="/openapi.json">OpenAPI</a>
          </p>
        </footer>
        <script nonce="${nonce}">
          const pause = document.getElementById('pause');
          pause.hidden = false;
          pause.addEventListener('click', () => {
            pause.setAttribute('aria-pressed', String(pause.getAttribute('aria-pressed') !== 'true'));
          });
          const refresh = async () => {
            if (pause.getAttribute('aria-pressed') === 'true' || document.hidden) return;
            const current = document.getElementById('report');
            try {
              const response = await fetch('/', { signal: AbortSignal.timeout(4000) });
              if (!response.ok) throw new Error(String(response.status));
              const page = new DOMParser().parseFromString(await response.text(), 'text/html');
              const next = page.getElementById('report');
              const scrolled = current.querySelector('.scroll').scrollLeft;
              const focused = current.contains(document.activeElement);
              current.replaceWith(next);
              next.querySelector('.scroll').scrollLeft = scrolled;
              if (focused) next.querySelector('.scroll').focus();
              document.title = page.title;
            } catch {
              current.querySelector('h1').textContent = 'The dashboard does not answer';
            }
          };
          setInterval(refresh, 3000);
        </script>
      </body>
    </html>`;
