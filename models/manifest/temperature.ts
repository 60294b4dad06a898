import { Type } from 'typebox'

export const minTemperature = 0.05
export const maxTemperature = 20

export const TemperatureSchema = Type.Number({
  minimum: minTemperature,
  maximum: maxTemperature,
  description: 'Logits are divided by it before the softmax, so that scores are as sure as the model is right; 1 where left out. It changes no ranking.',
})
