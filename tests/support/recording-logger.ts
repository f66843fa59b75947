// A logger whose lines a test can read.
import type { LogFields, Logger } from '../../services/platform/process/logger.ts';

export function recordingLogger() {
  const lines: (LogFields & { readonly message: string })[] = [];
  const record = (message: string, fields: LogFields = {}): void => {
    lines.push({ message, ...fields });
  };
  const logger: Logger = { error: record, warn: record, info: record, debug: record, child: () => logger };
  return { logger, lines };
}
