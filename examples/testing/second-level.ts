// #region second-level
import * as runner from 'node:test';
import { describeSecondLevel, MemorySecondLevel, manualClock } from 'llm-config-manager/testing';

describeSecondLevel({
  name: 'MemorySecondLevel',
  runner,
  make: () => {
    const clock = manualClock();
    const level = new MemorySecondLevel({ clock });
    return { clock, connect: () => level };
  },
});
// #endregion second-level
