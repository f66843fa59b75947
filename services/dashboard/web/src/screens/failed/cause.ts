// A cause in words. A service names it by a fingerprint: class of the error, its code, and the type of the event.

export interface Cause {
  /** Undefined when the message names none. */
  readonly eventType: string | undefined;
  /** Class and code of the error. */
  readonly kind: string;
}

export const causeOf = (fingerprint: string): Cause => {
  const [name = '', code = '', ...type] = fingerprint.split('|');
  const eventType = type.join('|');
  return {
    eventType: eventType === '' ? undefined : eventType,
    kind: [name, code === '' ? '' : `code ${code}`].filter((part) => part !== '').join(', '),
  };
};

export const eventWord = (eventType: string | null | undefined): string =>
  eventType ?? 'message without an event type';

/** The error without its class, which stands beside it. */
export const messageOf = (error: string): string => error.replace(/^[A-Za-z]*Error: (?=\S)/, '');

export const messages = (count: number): string => `${count} ${count === 1 ? 'message' : 'messages'}`;
