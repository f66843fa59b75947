// The answer to each command of the saga's services, for each role and state. A command without a row fails the test, and so does
// a rejection without a problem in the service's API, because a client would get 500 for it.
import { describe, expect, it } from 'vitest';
import { permissions as ofInventory } from '../../../services/inventory/http/permissions.ts';
import { permissions as ofOrder } from '../../../services/order/http/permissions.ts';
import { decide } from '../../../services/payment/domain/decide.ts';
import { permissions as ofPayment } from '../../../services/payment/http/permissions.ts';
import { accessOf, roles } from '../../../services/platform/http/endpoint/permissions.ts';
import { inventoryCommands } from './inventory-commands.ts';
import { orderCommands } from './order-commands.ts';
import { pay, paymentCommands, payments } from './payment-commands.ts';
import { answerOf, own, stranger, type Row } from './row.ts';

const commands: Readonly<Record<string, Row<unknown>>> = {
  ...orderCommands,
  ...paymentCommands,
  ...inventoryCommands,
};
/** They create something, so there is no state to test. */
const creating = ['orders.place', 'products.create'];

const tables = { ...ofOrder, ...ofInventory, ...ofPayment };
const permissionOf = (action: string) => Object.values(tables).find((entry) => entry.action === action);

describe('each command', () => {
  it('has a row', () => {
    const changing = Object.values(tables).filter(({ method }) => method !== 'get');
    expect([...Object.keys(commands), ...creating].sort()).toEqual(
      changing.map(({ action }) => action).sort(),
    );
  });

  for (const [action, { by, problems, states, decide: run, answers, stranger: toStranger }] of Object.entries(
    commands,
  )) {
    it.each(Object.entries(states))(`${action}: %s`, (name, state) => {
      const entry = permissionOf(action);
      const answersOf = (as: string) =>
        Object.fromEntries(
          roles.map((role) => [
            role,
            entry && accessOf(entry, [role]) ? answerOf(run(state, as), problems) : '403 forbidden',
          ]),
        );
      const refused = Object.fromEntries(roles.map((role) => [role, '403 forbidden']));
      expect(answersOf(own)).toEqual({ ...refused, [by]: answers[name] });
      expect(answersOf(stranger)).toEqual({ ...refused, [by]: toStranger ?? answers[name] });
    });
  }

  it('rejected by the payment names its state and the next step', () => {
    const details = Object.values(payments).flatMap((state) => {
      const decision = decide(pay(own), { payment: state, request: null });
      return decision.kind === 'rejected' ? [decision.detail] : [];
    });
    expect(details).toHaveLength(8);
    for (const detail of details) {
      expect(detail).toMatch(
        /^The payment is (PENDING|FAILED|SUCCEEDED|REFUNDED)\b.* (Place a new order|Repeat the call)/,
      );
    }
  });
});
