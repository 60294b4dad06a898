/** A chart and how to read it. Colours are palette indices, which the page turns into the theme's. */
export interface Chart {
  readonly id: string
  readonly title: string
  readonly explanation: string
  readonly type: 'line' | 'bar' | 'scatter'
  readonly horizontal?: boolean
  readonly stacked?: boolean
  readonly xTitle: string
  readonly yTitle: string
  readonly xScale?: 'linear' | 'logarithmic' | 'category'
  readonly labels?: readonly string[]
  readonly datasets: readonly Dataset[]
}

export interface Dataset {
  readonly label: string
  readonly data: ReadonlyArray<number | null | { readonly x: number, readonly y: number }>
  readonly colour: number
  readonly yAxis?: 'right'
  readonly dashed?: boolean
}

/** Palette colour of reference values. */
export const greyColour = 7
