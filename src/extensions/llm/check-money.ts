// What is wrong with rates and budgets, beside their shape. Used by check.ts. One budget has one currency, so
// the rates of its endpoints must have the same.

import { nearest } from '../../internal/nearest.ts';
import type { BudgetData, LlmData, RatesData, TaskData } from './data.ts';

type Path = readonly PropertyKey[];
type Report = (path: Path, message: string) => void;

/** `endpointsOf`: the names in the `use` of a task. */
export function checkMoney(
  { endpoints, tasks, budgets = {} }: LlmData,
  report: Report,
  endpointsOf: (use: TaskData['use']) => readonly string[],
): void {
  for (const [name, { rates }] of Object.entries(endpoints))
    if (rates) checkRates(rates, ['endpoints', name, 'rates'], report);
  for (const [name, budget] of Object.entries(budgets)) {
    const at = ['budgets', name];
    checkBudget(budget, at, report);
    const { currency, tasks: named = Object.keys(tasks) } = budget;
    for (const [n, task] of named.entries()) {
      const known = Object.hasOwn(tasks, task) ? tasks[task] : undefined;
      if (!known) report([...at, 'tasks', n], unknownTask(task, Object.keys(tasks)));
      for (const endpoint of known ? endpointsOf(known.use) : []) {
        const other = endpoints[endpoint]?.rates?.currency;
        if (other !== undefined && other !== currency)
          report(
            [...at, 'currency'],
            `is ${currency}, and the rates of the endpoint ${JSON.stringify(endpoint)} are in ${other}`,
          );
      }
    }
  }
}

/** More than anything costs, and small enough for exact sums of micro-units. */
const most = 1e9;

function checkAmounts(data: RatesData | BudgetData, at: Path, report: Report): void {
  for (const [name, value] of Object.entries(data))
    if (typeof value === 'number' && !(value <= most))
      report([...at, name], 'must be a number, at most 1,000,000,000');
}

function checkRates(rates: RatesData, at: Path, report: Report): void {
  checkCurrency(rates.currency, at, report);
  checkAmounts(rates, at, report);
  const { inputPerMillion, outputPerMillion, perCall } = rates;
  if (inputPerMillion === undefined && outputPerMillion === undefined && perCall === undefined)
    report(at, 'must have inputPerMillion, outputPerMillion or perCall');
}

function checkBudget(budget: BudgetData, at: Path, report: Report): void {
  const { currency, perMonth, perDay, alertAt = 1 } = budget;
  checkCurrency(currency, at, report);
  checkAmounts(budget, at, report);
  if ((perMonth === undefined) === (perDay === undefined)) report(at, 'must have one of perMonth and perDay');
  if (alertAt > 1 || alertAt === 0) report([...at, 'alertAt'], 'must be above 0, and at most 1');
}

function checkCurrency(currency: string, at: Path, report: Report): void {
  if (!/^[A-Z]{3}$/.test(currency))
    report([...at, 'currency'], 'must be a currency of three letters, such as USD');
}

function unknownTask(task: string, known: readonly string[]): string {
  const similar = nearest(task, known);
  const hint = similar === undefined ? '' : `; did you mean ${similar}?`;
  return `names the task ${JSON.stringify(task)}, which does not exist${hint}`;
}
