// A logger that writes nothing, for services' code that runs inside a command: the command prints its own result, and a
// failure ends it with a sentence.
import { Writable } from 'node:stream';
import { createLogger, type Logger } from '../../services/platform/process/logger.ts';

const discard = new Writable({
  write: (_chunk, _encoding, done) => {
    done();
  },
});

export const silentLogger = (service: string): Logger =>
  createLogger({ service, level: 'error', stream: discard });
