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

/** As a title. */
export const eventWord = (eventType: string | null | undefined): string =>
  eventType ?? 'Message without a type';

/** What a service could not do, as the rest of a sentence. */
export const failureOf = (fingerprint: string): string =>
  `cannot handle ${causeOf(fingerprint).eventType ?? 'a message without a type'}`;

/** The error without its class, which stands beside it. */
export const messageOf = (error: string): string => error.replace(/^[A-Za-z]*Error: (?=\S)/, '');

export const messages = (count: number): string => `${count} ${count === 1 ? 'message' : 'messages'}`;

/** At the beginning of a title. */
export const serviceName = (service: string): string => service.charAt(0).toUpperCase() + service.slice(1);
