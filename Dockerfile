# docker build -t pix2pix .                                             the page on a CPU; on a GPU add
#   --build-arg BASE=nvidia/cuda:12.8.1-runtime-ubuntu24.04 --build-arg TORCH=cu128
# docker run -p 7860:7860 -v pix2pix-runs:/home/user/app/runs pix2pix   and --gpus all for a GPU
ARG BASE=python:3.12-slim
FROM ${BASE}
ARG TORCH=cpu
# Ubuntu's images have a user of that number, too.
# hadolint ignore=DL3008
RUN apt-get update && apt-get install -y --no-install-recommends python3 python3-venv && rm -rf /var/lib/apt/lists/* \
    && if id -u 1000; then userdel -r "$(id -nu 1000)"; fi && useradd -m -u 1000 user
USER 1000
WORKDIR /home/user/app
COPY --chown=1000 requirements.txt ./
RUN python3 -m venv /home/user/venv && grep '^torch' requirements.txt > /tmp/torch.txt \
    && /home/user/venv/bin/pip install --no-cache-dir --index-url "https://download.pytorch.org/whl/${TORCH}" -r /tmp/torch.txt \
    && /home/user/venv/bin/pip install --no-cache-dir -r requirements.txt && mkdir runs
COPY --chown=1000 . .
ENV GRADIO_SERVER_NAME=0.0.0.0
EXPOSE 7860
CMD ["/home/user/venv/bin/python", "app.py"]
