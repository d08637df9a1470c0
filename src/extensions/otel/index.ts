// The entry point of `llm-config-manager/otel`: spans and metrics of this library in OpenTelemetry.

export { type InstrumentOptions, instrument, type MeterSource, type TracerSource } from './instrument.ts';
