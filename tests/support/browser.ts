// Opens the pages in an installed browser, as different users. No browser is downloaded: if none is installed, the tests of the
// pages are skipped.
import AxeBuilder from '@axe-core/playwright';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { demoPassword } from '../../scripts/stack/demonstration.ts';
import { browserArguments, browserPath } from '../../scripts/operator/browser.ts';
import { stack } from '../stack/worker-stack.ts';

if (browserPath === undefined)
  console.warn('No Chrome, Chromium or Edge is installed, so the tests of the pages are skipped.');

export { browserPath };

export interface Visitor {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Opens a path of the dashboard. */
  readonly visit: (path: string) => Promise<void>;
  /** Signs in as a demo user and opens the home page of the user. */
  readonly signIn: (email: string) => Promise<void>;
  /** Fails if axe finds a violation on the current screen, in the light or the dark theme. */
  readonly expectAccessible: () => Promise<void>;
}

export interface VisitorOptions {
  readonly width?: number;
  readonly height?: number;
}

/** Opens the browser for one test file. Each visitor has separate cookies and storage. */
export const useBrowser = (): {
  readonly newVisitor: (options?: VisitorOptions) => Promise<Visitor>;
  /** A visitor who is signed in. */
  readonly visitorAs: (email: string, options?: VisitorOptions) => Promise<Visitor>;
} => {
  let browser: Browser;
  const contexts: BrowserContext[] = [];
  const pageErrors: string[] = [];
  beforeAll(async () => {
    if (browserPath === undefined) return;
    browser = await chromium.launch({
      executablePath: browserPath,
      args: browserArguments,
    });
  });
  // Pages that stay open would send requests during the next tests.
  afterEach(async () => {
    await Promise.all(contexts.splice(0).map((context) => context.close()));
  });
  afterAll(async () => {
    if (browserPath !== undefined) await browser.close();
    expect(pageErrors).toEqual([]);
  });
  const newVisitor = async ({ width = 1280, height = 900 }: VisitorOptions = {}): Promise<Visitor> => {
    const context = await browser.newContext({
      viewport: { width, height },
      locale: 'en-IE',
      baseURL: stack.urls.dashboard,
      reducedMotion: 'reduce',
    });
    contexts.push(context);
    const page = await context.newPage();
    page.setDefaultTimeout(20_000);
    page.on('pageerror', (error) => pageErrors.push(`${page.url()}: ${error.message}`));
    const visit = async (path: string): Promise<void> => {
      await page.goto(path);
    };
    return {
      page,
      context,
      visit,
      signIn: async (email) => {
        const response = await context.request.post('/session', {
          data: { email, password: demoPassword },
          headers: { origin: stack.urls.dashboard },
        });
        expect(response.status()).toBe(200);
        await visit('/');
      },
      expectAccessible: async () => {
        for (const colorScheme of ['light', 'dark'] as const) {
          await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
          await page
            .locator(`html[data-mantine-color-scheme="${colorScheme}"]`)
            .waitFor({ state: 'attached' });
          const axe = new AxeBuilder({ page });
          // The themes differ only in their colours, so the second theme is checked for contrast only.
          if (colorScheme === 'dark') axe.withRules('color-contrast');
          const { violations } = await axe.analyze();
          const messages = violations.map(({ id, nodes }) => `${colorScheme} ${id}: ${nodes[0]?.html ?? ''}`);
          expect(messages).toEqual([]);
        }
        await page.emulateMedia({ colorScheme: 'light' });
      },
    };
  };
  return {
    newVisitor,
    visitorAs: async (email, options) => {
      const visitor = await newVisitor(options);
      await visitor.signIn(email);
      return visitor;
    },
  };
};
