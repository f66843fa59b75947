// Texts about the cause of a dead letter. Its fingerprint is the class of the error, its code and the type of the event.

export interface Cause {
  /** Undefined when the record names none. */
  readonly eventType: string | undefined;
  /** The class and the code of the error. */
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

export const eventTitle = (eventType: string | null | undefined): string => eventType ?? 'Unknown event type';

/** The predicate of a sentence whose subject is the service. */
export const failureOf = (fingerprint: string): string =>
  `cannot handle ${causeOf(fingerprint).eventType ?? 'an unknown event type'}`;

/** The error without its class, which is shown separately. */
export const messageOf = (error: string): string => error.replace(/^[A-Za-z]*Error: (?=\S)/, '');

export const deadLetters = (count: number): string =>
  `${count} ${count === 1 ? 'dead letter' : 'dead letters'}`;

/** Capitalised, for titles. */
export const serviceName = (service: string): string => service.charAt(0).toUpperCase() + service.slice(1);
