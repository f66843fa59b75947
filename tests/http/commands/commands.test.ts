// The response to each command of the order, inventory and payment services, for each role and state. The test fails if a command
// on existing data has no row, or if a rejection has no problem type in the API of the service: a client would get 500 for such a
// rejection.
import { describe, expect, it } from 'vitest';
import { permissions as inventoryPermissions } from '../../../services/inventory/http/permissions.ts';
import { permissions as orderPermissions } from '../../../services/order/http/permissions.ts';
import { decide } from '../../../services/payment/domain/decide.ts';
import { permissions as paymentPermissions } from '../../../services/payment/http/permissions.ts';
import { accessOf, roles } from '../../../services/platform/http/endpoint/permissions.ts';
import { inventoryCommands } from './inventory-commands.ts';
import { orderCommands } from './order-commands.ts';
import { pay, paymentCommands, payments } from './payment-commands.ts';
import { answerOf, owner, otherPerson, type Row } from './row.ts';

const commands: Readonly<Record<string, Row<unknown>>> = {
  ...orderCommands,
  ...paymentCommands,
  ...inventoryCommands,
};
/** These commands create something, so they have no previous state to test. */
const creatingCommands = ['orders.place', 'products.create'];

const tables = { ...orderPermissions, ...inventoryPermissions, ...paymentPermissions };
const permissionOf = (action: string) => Object.values(tables).find((entry) => entry.action === action);

describe('each command', () => {
  it('has a row, unless it creates something', () => {
    const changing = Object.values(tables).filter(({ method }) => method !== 'get');
    expect([...Object.keys(commands), ...creatingCommands].sort()).toEqual(
      changing.map(({ action }) => action).sort(),
    );
  });

  for (const [
    action,
    { allowedRole, problems, states, decide: run, answers, answerToOther },
  ] of Object.entries(commands)) {
    it.each(Object.entries(states))(
      `(${action}, in the state "%s") gets the expected response for each role`,
      (name, state) => {
        const entry = permissionOf(action);
        const answersOf = (as: string) =>
          Object.fromEntries(
            roles.map((role) => [
              role,
              entry && accessOf(entry, [role]) ? answerOf(run(state, as), problems) : '403 forbidden',
            ]),
          );
        const refused = Object.fromEntries(roles.map((role) => [role, '403 forbidden']));
        expect(answersOf(owner)).toEqual({ ...refused, [allowedRole]: answers[name] });
        expect(answersOf(otherPerson)).toEqual({ ...refused, [allowedRole]: answerToOther ?? answers[name] });
      },
    );
  }

  it('(payments.pay), when it is rejected, gets a response with the state of the payment and the next step', () => {
    const details = Object.values(payments).flatMap((state) => {
      const decision = decide(pay(owner), { payment: state, request: null });
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
