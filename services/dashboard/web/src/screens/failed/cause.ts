// The texts about a cause of dead letters. The fingerprint identifies a cause within a service:
// `<error class>|<error code>|<event type>`.

interface ParsedFingerprint {
  /** Undefined when the record has no event type. */
  readonly eventType: string | undefined;
  /** The class and the code of the error. */
  readonly errorKind: string;
}

export const parseFingerprint = (fingerprint: string): ParsedFingerprint => {
  const [errorClass = '', code = '', ...type] = fingerprint.split('|');
  const eventType = type.join('|');
  return {
    eventType: eventType === '' ? undefined : eventType,
    errorKind: [errorClass, code === '' ? '' : `code ${code}`].filter((part) => part !== '').join(', '),
  };
};

export const eventTitle = (eventType: string | null): string => eventType ?? 'Unknown event type';

/** The second part of a sentence that begins with the name of the service, for example "cannot handle order.created". */
export const failureOf = (fingerprint: string): string =>
  `cannot handle ${parseFingerprint(fingerprint).eventType ?? 'an unknown event type'}`;

/** The message of an error, without the error class, which is shown separately. */
export const messageOf = (error: string): string => error.replace(/^[A-Za-z]*Error: (?=\S)/, '');

export const serviceTitle = (service: string): string => service.charAt(0).toUpperCase() + service.slice(1);
