"""The mixing rule: exact on an analytic flow, sparse as asked, renormalised without an expert, refused when parts do not fit."""

import unittest

import numpy as np
import torch
from atoll import ConfigurationError
from ddm import ensemble, flow, metrics, model, parts


def posterior_and_velocities(x, t, points, group, groups):
    """The analytic flow of a finite data set: p(group | x_t) [B, G], velocity of each group [G][B, D] and of all [B, D]."""
    spread = (1 - t)[:, None]
    score = -((x[:, None] - t[:, None, None] * points[None]) ** 2).sum(2) / (2 * spread**2)
    share = score.softmax(dim=1)
    toward = (points[None] - x[:, None]) / spread[:, :, None]  # data - noise, given that the data is this point
    mass = torch.stack([share[:, group == k].sum(1) for k in range(groups)], dim=1)
    each = [((score[:, group == k].softmax(dim=1))[:, :, None] * toward[:, group == k]).sum(1) for k in range(groups)]
    return mass, each, (share[:, :, None] * toward).sum(1)


class Exactness(unittest.TestCase):
    def test_the_posterior_weighted_sum_of_group_flows_is_the_flow_of_all_data(self):
        generator = torch.Generator().manual_seed(0)
        points = torch.randn((400, 16), generator=generator, dtype=torch.float64) * 2
        group = torch.arange(400) % 8
        t = torch.rand(200, generator=generator, dtype=torch.float64) * 0.98
        noise = torch.randn((200, 16), generator=generator, dtype=torch.float64)
        x = (1 - t)[:, None] * noise + t[:, None] * points[torch.randint(0, 400, (200,), generator=generator)]
        mass, each, whole = posterior_and_velocities(x, t, points, group, 8)
        weight = ensemble.weights("Full", mass, torch.ones(8, dtype=torch.bool))
        mixed = ensemble.combine(weight, lambda k, rows: each[k][rows], x)
        self.assertLessEqual(float((mixed - whole).norm() / whole.norm()), 1e-10)


class Weights(unittest.TestCase):
    posterior = torch.tensor([[0.5, 0.3, 0.2], [0.1, 0.1, 0.8]])
    everyone = torch.tensor([True, True, True])

    def check(self, strategy, present, expected, cluster=None):
        got = ensemble.weights(strategy, self.posterior, torch.tensor(present), cluster)
        np.testing.assert_allclose(got.numpy(), expected, atol=1e-6)

    def test_strategies_are_sparse_as_their_names_say(self):
        everyone = [True, True, True]
        self.check("Full", everyone, self.posterior)
        self.check("Top1", everyone, [[1, 0, 0], [0, 0, 1]])
        self.check("Top2", everyone, [[0.625, 0.375, 0], [1 / 9, 0, 8 / 9]])
        self.check("Uniform", everyone, [[1 / 3] * 3] * 2)
        self.check("Oracle", everyone, [[0, 1, 0], [1, 0, 0]], torch.tensor([1, 0]))

    def test_a_missing_expert_has_no_weight_and_the_rest_sums_to_one(self):
        missing = [False, True, True]
        self.check("Full", missing, [[0, 0.6, 0.4], [0, 1 / 9, 8 / 9]])
        self.check("Top1", missing, [[0, 1, 0], [0, 0, 1]])
        self.check("Uniform", missing, [[0, 0.5, 0.5]] * 2)
        self.check("Oracle", missing, [[0, 1, 0], [0, 1 / 9, 8 / 9]], torch.tensor([1, 0]))
        self.check("Top3", missing, [[0, 0.6, 0.4], [0, 1 / 9, 8 / 9]])
        certain = ensemble.weights("Full", torch.tensor([[1.0, 0.0, 0.0]]), torch.tensor(missing))
        np.testing.assert_allclose(certain.numpy(), [[0, 0.5, 0.5]])

    def test_an_expert_without_weight_is_not_asked(self):
        asked = []

        def expert(k, rows):
            asked.append((k, rows if isinstance(rows, slice) else rows.tolist()))
            return torch.full((2 if isinstance(rows, slice) else len(rows), 3), float(k + 1))

        weight = ensemble.weights("Top1", self.posterior, self.everyone)
        mixed = ensemble.combine(weight, expert, torch.zeros(2, 3))
        self.assertEqual(asked, [(0, [0]), (2, [1])])
        np.testing.assert_allclose(mixed.numpy(), [[1, 1, 1], [3, 3, 3]])

    def test_unknown_strategies_are_refused(self):
        for name, message in (("Best", "allowed: Full, Top1"), ("Top0", "Top1 to Top3"), ("Top-4", "Top1 to Top3")):
            with self.subTest(name), self.assertRaisesRegex(ConfigurationError, message):
                ensemble.parse(name, 3)
        self.assertEqual(ensemble.parse("Top-2", 3), ("Top", 2))


class Mixing(unittest.TestCase):
    config = {**model.Shape(8, 1, 4, 2, 8, 1).as_dict(), **flow.CONVENTION}

    def test_experts_may_differ_in_size_but_not_in_what_they_predict(self):
        parts.check_mixable(
            {
                "expert-000": self.config,
                "expert-001": {**self.config, "width": 64, "blocks": 5, "patch": 4},
                "router": {**self.config, "outputs": 2},
            }
        )
        cases = [
            ({"prediction": "epsilon"}, "cannot mix expert-001: its prediction is 'epsilon'; allowed: 'velocity'"),
            ({"time": "0=data,1=noise"}, "its time is"),
            ({"imageSize": 16}, "cannot mix expert-001 with expert-000: imageSize is 16 and 8"),
            ({"classes": 10}, "classes is 10 and 4"),
        ]
        for change, message in cases:
            with self.subTest(message), self.assertRaisesRegex(ConfigurationError, message):
                parts.check_mixable({"expert-000": self.config, "expert-001": {**self.config, **change}})

    def test_euler_keeps_a_sample_that_would_run_away_and_leaves_all_others_as_they_are(self):
        noise = torch.tensor([0.5, 1.9]).view(2, 1, 1, 1).expand(2, 1, 4, 4)

        def velocity(x, _t, _label):  # points home from near, and a hundred times farther out from afar
            return torch.where(x.abs() > 1.5, 100 * x, -x / 2)

        end = flow.euler(velocity, noise, torch.zeros(2, dtype=torch.int64), 12)
        np.testing.assert_allclose(end[0].numpy(), 0.5 * (1 - 1 / 24) ** 12, rtol=1e-6)
        self.assertLessEqual(float(end[1].abs().max()), flow.FARTHEST)

    def test_euler_follows_a_constant_velocity_exactly_to_its_end(self):
        generator = torch.Generator().manual_seed(0)
        data = torch.rand((5, 1, 8, 8), generator=generator) * 2 - 1
        noise = torch.randn((5, 1, 8, 8), generator=generator)
        end = flow.euler(lambda x, t, label: data - noise, noise, torch.zeros(5, dtype=torch.int64), 10)
        np.testing.assert_allclose(end.numpy(), data.numpy(), atol=1e-5)
        self.assertTrue(torch.equal(flow.noised(data, noise, torch.ones(5)), data))
        self.assertTrue(torch.equal(flow.noised(data, noise, torch.zeros(5)), noise))

    def test_training_times_cover_their_distribution_evenly(self):
        for times, expected in (("Uniform", 0.5), ("LogitNormal", 0.728)):
            t, _ = flow.draw(torch.Generator().manual_seed(1), 4000, torch.zeros(1, 1, 2, 2), times)
            self.assertTrue(bool(((t >= 0) & (t <= 1)).all()))
            share = float(((t > 0.25) & (t < 0.75)).double().mean())
            self.assertLess(abs(share - expected), 0.01)


class Frechet(unittest.TestCase):
    def test_the_distance_of_gaussians_is_the_known_one(self):
        generator = np.random.default_rng(0)
        first, second = generator.normal(0, 1, (200_000, 3)), generator.normal([1, 2, 2], 2, (200_000, 3))
        self.assertAlmostEqual(
            metrics.frechet(metrics.gaussian(first), metrics.gaussian(second)), 9 + 3 * (2 - 1) ** 2, delta=0.1
        )
        self.assertAlmostEqual(metrics.frechet(metrics.gaussian(first), metrics.gaussian(first)), 0, places=6)


if __name__ == "__main__":
    unittest.main()
