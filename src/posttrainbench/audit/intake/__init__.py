"""Take `final_model` over: what is a model in it, and what is refused."""
