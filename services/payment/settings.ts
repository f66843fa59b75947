// The settings of the payment service. main.ts reads them and services/SETTINGS.md lists them. Importing this file starts
// nothing.
import { settings, wholeNumberSetting } from '../platform/process/settings/config.ts';
import { serviceContradictions, serviceSettings } from '../platform/process/settings/service-settings.ts';

export const shape = {
  ...serviceSettings(3003),
  gatewayUrl: settings.gatewayUrl,
  gatewayTimeoutMs: wholeNumberSetting('GATEWAY_TIMEOUT_MS', {
    minimum: 100,
    maximum: 60_000,
    byDefault: 8_000,
    description: 'Milliseconds that one call to the gateway may take.',
  }),
  gatewayRetries: wholeNumberSetting('GATEWAY_RETRIES', {
    minimum: 0,
    maximum: 5,
    byDefault: 2,
    description:
      'Number of retries of a gateway call that failed but did not time out, with the same idempotency key.',
  }),
  gatewayRetryMaxMs: wholeNumberSetting('GATEWAY_RETRY_MAX_MS', {
    minimum: 1,
    maximum: 10_000,
    byDefault: 1_000,
    description: 'The longest pause before a retry of a gateway call (see GATEWAY_RETRIES), in milliseconds.',
  }),
  breakerFailures: wholeNumberSetting('GATEWAY_BREAKER_FAILURES', {
    minimum: 1,
    maximum: 1_000,
    byDefault: 5,
    description:
      'Number of consecutive calls with unknown outcome (timeout, lost connection or error of the gateway) that opens the circuit breaker of the gateway.',
  }),
  breakerSeconds: wholeNumberSetting('GATEWAY_BREAKER_SECONDS', {
    minimum: 1,
    maximum: 3_600,
    byDefault: 15,
    description: 'Seconds that the circuit breaker stays open before it admits one call as a probe.',
  }),
  refusedRefundSeconds: wholeNumberSetting('REFUSED_REFUND_RETRY_SECONDS', {
    minimum: 1,
    maximum: 7 * 24 * 3_600,
    byDefault: 3_600,
    description: 'Seconds until a refused refund is requested again.',
  }),
};

export const contradictions = serviceContradictions;
