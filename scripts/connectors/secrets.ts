// Secrets reach a connector by reference: Connect stores and shows the reference, and its worker alone looks it up.

/** Whether the value of a key is one, by its name. */
export const isSecret = (key: string): boolean => /password|secret|token|jaas/i.test(key);

/** Whether a value is what a config provider resolves, such as `${env:ORDER_CDC_PASSWORD}`. */
export const isReference = (value: string): boolean => /^\$\{[a-z]+:[^}]+\}$/.test(value);
