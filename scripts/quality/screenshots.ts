// npm run screenshots [-- <folder>]: takes a screenshot of every screen of the running system, in both themes and three widths.
// The default folder is .orderflow/screenshots. The command places an order first, so that the screens have content.
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { chromium, type Browser, type BrowserContext } from 'playwright-core';
import { failure } from '../../schemas/tools/failure.ts';
import { browserArguments, browserPath } from '../operator/browser.ts';
import { commandLine, print } from '../operator/command-line.ts';
import { stackOf } from '../operator/environment.ts';
import { dataFolder } from '../stack/data-folder.ts';
import { demonstrate, demoPassword, demoUsers } from '../stack/demonstration.ts';

interface Screen {
  readonly name: string;
  readonly path: string;
  /** The role of the demo user who signs in. Without a role, nobody signs in. */
  readonly role?: (typeof demoUsers)[number]['role'];
}

const screensOf = (orderId: string): readonly Screen[] => [
  { name: 'sign-in', path: '/sign-in' },
  { name: 'status', path: '/status' },
  { name: 'shop', path: '/shop', role: 'customer' },
  { name: 'orders', path: '/orders', role: 'customer' },
  { name: 'order', path: `/orders/${orderId}`, role: 'customer' },
  { name: 'to-ship', path: '/to-ship', role: 'seller' },
  { name: 'stock', path: '/stock', role: 'seller' },
  { name: 'map', path: '/map', role: 'administrator' },
  { name: 'all-orders', path: '/all-orders', role: 'administrator' },
  { name: 'timeline', path: `/all-orders/${orderId}`, role: 'administrator' },
  { name: 'pipelines', path: '/pipelines', role: 'administrator' },
  { name: 'invariants', path: '/invariants', role: 'administrator' },
  { name: 'failed', path: '/failed', role: 'administrator' },
  { name: 'events', path: '/events', role: 'administrator' },
  { name: 'access', path: '/access', role: 'administrator' },
  { name: 'audit-log', path: '/audit-log', role: 'administrator' },
  { name: 'runbook', path: '/runbooks/slot-lost', role: 'administrator' },
];

const widths = [390, 1280, 1920];
const themes = ['light', 'dark'] as const;

const signIn = async (context: BrowserContext, baseURL: string, role: Screen['role']): Promise<void> => {
  const user = demoUsers.find((candidate) => candidate.role === role);
  if (user === undefined) return;
  const answer = await context.request.post('/session', {
    data: { email: user.email, password: demoPassword },
    headers: { origin: baseURL },
  });
  if (!answer.ok()) throw failure(`${user.email} cannot sign in: the dashboard answered ${answer.status()}`);
};

const takeScreenshots = async (
  browser: Browser,
  baseURL: string,
  screen: Screen,
  folder: string,
): Promise<void> => {
  for (const colorScheme of themes) {
    const context = await browser.newContext({
      baseURL,
      colorScheme,
      locale: 'en-IE',
      reducedMotion: 'reduce',
    });
    await signIn(context, baseURL, screen.role);
    const page = await context.newPage();
    for (const width of widths) {
      await page.setViewportSize({ width, height: 900 });
      await page.goto(screen.path);
      await page.getByRole('heading', { level: 1 }).waitFor();
      await page.locator('[aria-busy="true"]').first().waitFor({ state: 'detached' });
      await page.screenshot({
        path: join(folder, `${screen.name}-${width}-${colorScheme}.png`),
        fullPage: true,
      });
    }
    await context.close();
  }
};

const takeAll = async (given: string | undefined): Promise<void> => {
  if (browserPath === undefined)
    throw failure('no Chrome, Chromium or Edge was found; set ORDERFLOW_BROWSER to its path');
  const folder = resolve(given ?? join(dataFolder(), 'screenshots'));
  const { urls } = stackOf(process.env);
  const demonstration = await demonstrate(urls);
  if (demonstration.kind === 'skipped')
    throw failure(
      `no order could be placed and read (${demonstration.reason}); is the stack running? npm start starts it`,
    );
  mkdirSync(folder, { recursive: true });
  const browser = await chromium.launch({ executablePath: browserPath, args: browserArguments });
  try {
    for (const screen of screensOf(demonstration.orderId)) {
      await takeScreenshots(browser, urls.dashboard, screen, folder);
      print(screen.name);
    }
  } finally {
    await browser.close();
  }
  print(`the screenshots are in ${folder}`);
};

export const screenshots = commandLine(
  'npm run screenshots',
  'Takes a screenshot of every screen of the running system, in both themes and three widths.',
  '',
  'pictures',
)
  .argument('[folder]', 'the folder for the screenshots (default: .orderflow/screenshots)')
  .action(takeAll);
