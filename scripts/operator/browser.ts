// Finds a browser that is installed on this machine; downloads none.
import { existsSync } from 'node:fs';
import { stackVariables } from '../stack/variables.ts';

const candidates = [
  process.env[stackVariables.browser.env],
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/usr/bin/microsoft-edge',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  'C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe',
];

/** Path of the first browser that exists; undefined when there is none. */
export const browserPath = candidates.find((path) => path !== undefined && existsSync(path));

/** Chromium's sandbox refuses to start for root. */
export const browserArguments = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
