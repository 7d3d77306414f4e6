/** The example's tables: service → key → its value in DEVELOPMENT, STAGING, PRODUCTION and TEST. */
import type { ConfigType, Json } from '@quantivista/contracts';

export interface ExampleKey {
  readonly type: ConfigType;
  readonly text: string;
  /** One value an environment, or one for all. */
  readonly values: readonly Json[] | { readonly always: Json };
}

const rule = (text: string, ...values: Json[]): ExampleKey => key('BUSINESS_RULE', text, values);
const setting = (text: string, ...values: Json[]): ExampleKey => key('APPLICATION_CONFIG', text, values);
const variable = (text: string, ...values: string[]): ExampleKey => key('ENVIRONMENT_VARIABLE', text, values);

function key(type: ConfigType, text: string, values: readonly Json[]): ExampleKey {
  return { type, text, values: values.length === 1 ? { always: values[0]! } : values };
}

export const EXAMPLE_SERVICES: Readonly<Record<string, Readonly<Record<string, ExampleKey>>>> = {
  portfolio_management: {
    risk_threshold: rule('Share of the portfolio that may be at risk', 0.25, 0.1, 0.05, 0.5),
    rebalance_interval_minutes: rule('Minutes between two rebalancings', 5, 60, 240, 1),
    max_positions: rule('Positions of one portfolio at most', 50, 500, 2_000, 10),
    base_currency: setting('Currency of valuations', 'USD'),
    benchmark_weights: setting('Weights of the benchmark', { equity: 0.6, bonds: 0.35, cash: 0.05 }),
  },
  market_data: {
    venues: setting(
      'Venues subscribed to',
      ['SIM'],
      ['XNAS', 'SIM'],
      ['XNAS', 'XNYS', 'XLON', 'XETR'],
      ['SIM'],
    ),
    stale_after_ms: rule('Age in milliseconds from which a quote is not used', 10_000, 2_000, 750, 60_000),
    snapshot_depth: setting('Levels of the book that are kept', 5, 10, 20, 2),
    conflation_ms: setting('Milliseconds over which ticks are merged', 500, 100, 10, 0),
    FEED_URL: variable(
      'Where ticks come from',
      'tcp://feed.dev:7001',
      'tcp://feed.uat:7001',
      'tcp://feed:7001',
      'tcp://sim:7001',
    ),
  },
  order_management: {
    max_order_value: rule('Value of one order at most, in base currency', 10_000, 100_000, 5_000_000, 1_000),
    allowed_order_types: rule(
      'Order types accepted',
      ['LIMIT', 'MARKET'],
      ['LIMIT', 'MARKET', 'STOP'],
      ['LIMIT', 'MARKET', 'STOP', 'ICEBERG'],
      ['LIMIT'],
    ),
    duplicate_window_ms: rule('Milliseconds in which an equal order is a duplicate', 500, 1_000, 1_000, 0),
    session_hours: rule('When orders are taken', { open: '08:00', close: '16:30', zone: 'Europe/London' }),
    retry_attempts: setting('Attempts to reach a venue', 1, 3, 5, 1),
  },
  risk_engine: {
    max_position: rule('Shares of one instrument at most', 10_000, 250_000, 1_000_000, 100),
    var_confidence: rule('Confidence of value at risk', 0.95, 0.99, 0.99, 0.9),
    var_horizon_days: rule('Horizon of value at risk, in days', 1, 10, 10, 1),
    stress_scenarios: setting(
      'Scenarios computed each hour',
      ['2008'],
      ['2008', '2020'],
      ['1987', '2008', '2015', '2020'],
      [],
    ),
    kill_switch_enabled: rule('Whether a breach stops trading', false, true, true, false),
  },
  execution: {
    algorithm: setting('Algorithm by default', 'TWAP', 'VWAP', 'VWAP', 'TWAP'),
    participation_rate: rule('Share of the market volume at most', 0.5, 0.2, 0.08, 1),
    slice_seconds: setting('Seconds between child orders', 1, 15, 30, 1),
    venue_weights: setting('How orders are divided', { XNAS: 0.5, XNYS: 0.3, XLON: 0.2 }),
    dark_pools_enabled: rule('Whether dark pools are used', false, false, true, false),
  },
  pricing: {
    curve_source: setting('Where yield curves come from', 'synthetic', 'vendor-uat', 'vendor', 'synthetic'),
    volatility_model: setting('Model of the surface', 'SABR'),
    spread_bps: rule('Spread added, in basis points', 50, 12, 4.5, 0),
    recalibrate_seconds: setting('Seconds between calibrations', 600, 120, 30, 3_600),
    CALENDAR: variable('Holiday calendar', 'TARGET', 'TARGET', 'TARGET', 'NONE'),
  },
  settlement: {
    cycle_days: rule('Days from trade to settlement', 1),
    cutoff_time: rule('Last instruction of the day, UTC', '23:59', '17:30', '16:00', '23:59'),
    auto_match_tolerance: rule('Difference that still matches', 10, 1, 0.01, 100),
    custodians: setting('Custodians instructed', ['SIM'], ['SIM'], ['BNY', 'STT', 'CLST'], []),
    SWIFT_ENDPOINT: variable(
      'Gateway',
      'swift.dev:5000',
      'swift.uat:5000',
      'swift.prod:5000',
      'swift.sim:5000',
    ),
  },
  compliance: {
    restricted_list: rule(
      'Instruments that may not be traded',
      [],
      ['ACME'],
      ['ACME', 'GLOBEX', 'INITECH'],
      ['TEST'],
    ),
    pre_trade_checks: rule('Whether orders are checked first', false, true, true, true),
    retention_years: rule('Years that records are kept', 1, 1, 7, 1),
    report_format: setting('Format of regulatory reports', 'ISO20022'),
    wash_trade_window_s: rule('Seconds in which opposite trades are suspect', 10, 60, 300, 1),
  },
  reporting: {
    schedule: setting('When reports are made', '*/5 * * * *', '0 * * * *', '0 6 * * 1-5', '@manual'),
    formats: setting('Formats made', ['csv'], ['csv', 'pdf'], ['csv', 'pdf', 'xlsx'], ['csv']),
    max_rows: setting('Rows of one report at most', 1_000, 100_000, 5_000_000, 10),
    time_zone: setting('Zone of all times shown', 'UTC'),
    BUCKET: variable(
      'Where reports are put',
      'reports-dev',
      'reports-staging',
      'reports-prod',
      'reports-test',
    ),
  },
  notification: {
    channels: setting('How users are told', ['log'], ['email'], ['email', 'sms', 'push'], ['log']),
    rate_limit_per_minute: rule('Messages to one user in a minute at most', 1_000, 60, 10, 5),
    quiet_hours: rule('When only alerts are sent', { from: '22:00', to: '07:00' }),
    sender: setting(
      'Address of the sender',
      'dev@quantivista.example',
      'uat@quantivista.example',
      'desk@quantivista.example',
      'test@quantivista.example',
    ),
    retry_backoff_ms: setting('First pause before a retry, in milliseconds', 100, 500, 1_000, 10),
  },
  user_management: {
    session_minutes: rule('Minutes until a session ends', 1_440, 60, 15, 5),
    mfa_required: rule('Whether a second factor is needed', false, true, true, false),
    password_min_length: rule('Characters of a password at least', 4, 12, 14, 1),
    max_failed_logins: rule('Failures until an account is locked', 100, 5, 3, 2),
    IDENTITY_ISSUER: variable(
      'Issuer of identities',
      'https://id.dev.example',
      'https://id.uat.example',
      'https://id.example',
      'https://id.test.example',
    ),
  },
  strategy_engine: {
    enabled_strategies: rule(
      'Strategies that trade',
      ['momentum'],
      ['momentum', 'pairs'],
      ['momentum', 'pairs', 'carry'],
      [],
    ),
    capital_allocation: rule('Share of capital by strategy', { momentum: 0.5, pairs: 0.3, carry: 0.2 }),
    signal_threshold: rule('Strength from which a signal is acted on', 0.1, 0.6, 0.75, 0),
    backtest_days: setting('Days of history replayed', 30, 365, 1_825, 5),
    max_drawdown: rule('Loss from which a strategy is stopped', 0.9, 0.2, 0.08, 1),
  },
};
