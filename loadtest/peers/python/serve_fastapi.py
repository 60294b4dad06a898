"""FastAPI under uvicorn, a process per core: each answers one photo at a time, which is as fast as batches for this graph."""

from fastapi import FastAPI, Request, UploadFile

from classifier import Model

model = Model()
app = FastAPI()


@app.post('/classify')
async def classify(request: Request) -> dict:
    return model.classify([await request.body()])[0]


@app.post('/classify-form')
async def classify_form(image: UploadFile) -> dict:
    return model.classify([await image.read()])[0]
