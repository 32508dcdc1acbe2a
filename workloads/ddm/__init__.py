"""Reference trainers of Atoll: a decentralized diffusion model (DDM) from raw images to a measured ensemble.

Recipe: "Decentralized Diffusion Models", arXiv 2501.05450: K experts, each trained alone on one cluster of the data by flow
matching, and a router that predicts from a noised sample which cluster it came from and so weighs the experts.
"""
