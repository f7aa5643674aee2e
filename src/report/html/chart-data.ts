/** A chart as the page's script reads it: one x axis that all lines share; null is a gap. */
export interface ChartData {
  x: number[];
  xName: string;
  xUnit: string;
  yUnit: string;
  /** percentile: x is -log10(1 - share); load: few points, each marked. */
  scale: 'time' | 'percentile' | 'load' | 'value';
  shape: 'line' | 'steps';
  ticks: { x: number; label: string }[];
  lines: { name: string; y: (number | null)[] }[];
}
