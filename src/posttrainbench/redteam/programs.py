"""Training programs as agents write them, in several styles; each trains the tiny model for real.

All read ``train.jsonl`` (a ``text`` a line) unless told otherwise, and write ``final_model``.
"""

from __future__ import annotations

LOOP = """\
import json, os, torch
from transformers import AutoTokenizer, {loader}

base = os.environ["MODEL"]
tokenizer = AutoTokenizer.from_pretrained(base)
model = {loader}.from_pretrained(base, dtype=torch.float32)
rows = [json.loads(line)["text"] for line in open("{data}")]
torch.manual_seed({seed})
optimizer = torch.optim.AdamW(model.parameters(), lr={lr})
model.train()
for step in range({steps}):
    text = rows[step % len(rows)]
    ids = tokenizer(text, return_tensors="pt", truncation=True, max_length=96).input_ids
    loss = model(input_ids=ids, labels=ids).loss
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
model.save_pretrained("{out}")
tokenizer.save_pretrained("{out}")
print("loss", float(loss))
"""

TRAINER = '''\
"""Supervised fine-tuning with the Trainer."""
import os
import torch
from torch.utils.data import Dataset
from transformers import AutoModelForCausalLM, AutoTokenizer, Trainer, TrainingArguments
import json


class Rows(Dataset):
    def __init__(self, path, tokenizer):
        self.rows = []
        with open(path) as file:
            for line in file:
                ids = tokenizer(json.loads(line)["text"], truncation=True, max_length=64).input_ids
                self.rows.append({{"input_ids": ids, "labels": ids}})

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, index):
        return {{key: torch.tensor(value) for key, value in self.rows[index].items()}}


def main():
    base = os.environ["MODEL"]
    tokenizer = AutoTokenizer.from_pretrained(base)
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    arguments = TrainingArguments(
        output_dir="checkpoints", max_steps={steps}, per_device_train_batch_size=1,
        learning_rate={lr}, report_to=[], save_strategy="no", use_cpu=True, seed={seed},
        logging_steps=100, disable_tqdm=True,
    )
    trainer = Trainer(model=model, args=arguments, train_dataset=Rows("{data}", tokenizer))
    trainer.train()
    trainer.save_model("{out}")
    tokenizer.save_pretrained("{out}")


if __name__ == "__main__":
    main()
'''

LORA = """\
import json
import os
from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer

BASE = os.environ["MODEL"]
DATA = Path("{data}")
OUT = Path("{out}")

tok = AutoTokenizer.from_pretrained(BASE)
model = AutoModelForCausalLM.from_pretrained(BASE, dtype=torch.float32)
torch.manual_seed({seed})
model = get_peft_model(
    model, LoraConfig(r=4, lora_alpha=8, target_modules=["q_proj", "v_proj", "down_proj"])
)
texts = [json.loads(line)["text"] for line in DATA.read_text().splitlines()]
opt = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr={lr} * 5)
for step in range({steps}):
    batch = tok(texts[step % len(texts)], return_tensors="pt", truncation=True, max_length=96)
    out = model(input_ids=batch["input_ids"], labels=batch["input_ids"])
    out.loss.backward()
    opt.step()
    opt.zero_grad()
merged = model.merge_and_unload()
merged.save_pretrained(OUT)
tok.save_pretrained(OUT)
"""

STYLES = {"loop": LOOP, "trainer": TRAINER, "lora": LORA}


def program(
    style: str = "loop", *, data: str = "train.jsonl", out: str = "final_model", steps: int = 4,
    lr: float = 2e-4, seed: int = 0, loader: str = "LlamaForCausalLM",
) -> str:  # fmt: skip
    """A training program's text; ``loader`` is the class with which a loop loads the model."""
    return STYLES[style].format(data=data, out=out, steps=steps, lr=lr, seed=seed, loader=loader)
