import { Type } from 'typebox'

export const minTemperature = 0.05
export const maxTemperature = 20

export const TemperatureSchema = Type.Number({
  minimum: minTemperature,
  maximum: maxTemperature,
  description: 'Divisor of the logits before the softmax, which calibrates the scores; 1 if left out. It changes no ranking.',
})
