/** Prices of machines with one NVIDIA L4, on demand: an input of gpu.md. Replace them by your own. */

export interface Price {
  readonly machine: string
  readonly vCpus: number
  /** US dollars. */
  readonly perHour: number
}

export const prices: readonly Price[] = [
  { machine: 'g2-standard-4', vCpus: 4, perHour: 0.706832255 },
  { machine: 'g2-standard-16', vCpus: 16, perHour: 1.147208303 },
]

/** Taken from Google's billing catalogue by that project. */
export const priceSource = {
  date: '2025-03-06',
  region: 'us-central1',
  url: 'https://github.com/Cyclenerd/google-cloud-pricing-cost-calculator/blob/0166a59ebba7c36f2cc8c931d9f258dcebc44776/pricing.yml',
}
