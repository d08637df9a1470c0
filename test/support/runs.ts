const asked = Number(process.env.PROPERTY_RUNS ?? 0);

/** How often a property is tried: `brief` in `npm test`. `.ci/run` sets PROPERTY_RUNS for more, at most
 *  `full`. */
export const runs = (brief: number, full: number): number => (asked === 0 ? brief : Math.min(full, asked));
