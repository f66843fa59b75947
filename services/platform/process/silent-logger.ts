// A logger that writes nothing. Used where code of a service runs inside a command, which prints its own result, and in tests.
import { Writable } from 'node:stream';
import { createLogger, type Logger } from './logger.ts';

const discard = new Writable({ write: (_chunk, _encoding, done) => done() });

export const silentLogger = (service: string): Logger =>
  createLogger({ service, level: 'error', stream: discard });
