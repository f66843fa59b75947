// A logger that records its lines, so that a test can check them.
import type { LogFields, Logger } from '../../services/platform/process/logger.ts';

export function recordingLogger() {
  const lines: (LogFields & { readonly message: string })[] = [];
  const record = (message: string, fields: LogFields = {}): void => {
    lines.push({ message, ...fields });
  };
  const logger: Logger = { error: record, warn: record, info: record, debug: record, child: () => logger };
  return { logger, lines };
}
